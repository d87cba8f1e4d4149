//! A tenant and its configuration, parsed from the JSON of one secret.

mod pasted;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::feed::{ContentType, FeedId, TenantId};

/// One tenant to collect from, with its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The name of the secret that holds this configuration.
    pub secret_id: String,
    pub id: TenantId,
    /// The application (client) id of the app registration.
    pub client_id: String,
    pub client_secret: Secret,
    pub cloud: Cloud,
    /// Without duplicates, in the order of the secret.
    pub content_types: Vec<ContentType>,
    /// Whose request quota is used: the tenant's own, unless a vendor has set its own GUID here.
    pub publisher_id: Uuid,
    /// Overrides the cloud's default token scope: Microsoft's pages disagree about the government clouds.
    pub token_scope: Option<String>,
}

/// A credential that must never be printed: its `Debug` is redacted and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The plain value, only for the request that authenticates with it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Microsoft's clouds. Each has its own API root, token authority and scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub enum Cloud {
    /// The worldwide commercial cloud.
    #[default]
    Enterprise,
    /// US Government Community Cloud.
    Gcc,
    /// US Government Community Cloud High.
    GccHigh,
    /// US Department of Defense.
    Dod,
}

impl Cloud {
    const NAMES: [(&'static str, Self); 4] =
        [("enterprise", Self::Enterprise), ("gcc", Self::Gcc), ("gcc-high", Self::GccHigh), ("dod", Self::Dod)];
}

/// A secret that does not hold a valid tenant. Lists every problem, and never a value from the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret {secret_id} is not a tenant: {}", problems.join("; "))]
pub struct InvalidSecret {
    pub secret_id: String,
    /// Each says what is expected instead.
    pub problems: Vec<String>,
}

impl Tenant {
    /// # Errors
    /// [`InvalidSecret`] with all problems at once: text that is not a JSON object; missing, empty or unknown keys;
    /// values of the wrong form, with invisible characters, or in quotation marks.
    pub fn parse(secret_id: &str, json: &str) -> Result<Self, InvalidSecret> {
        let invalid = |problems| InvalidSecret { secret_id: secret_id.to_owned(), problems };
        // Editors and shells on Windows put a byte order mark before a file's text.
        let value: Value = serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(|error| {
            // Only the position: the error's own text may quote the secret.
            invalid(vec![format!("its value is not JSON (line {}, column {})", error.line(), error.column())])
        })?;
        let Value::Object(keys) = value else {
            return Err(invalid(vec![
                "its value is not a JSON object with tenant_id, client_id and client_secret".into(),
            ]));
        };
        let mut fields = Fields { keys, problems: Vec::new() };
        let id = fields.required("tenant_id").and_then(|text| fields.guid("tenant_id", &text));
        let client_id = fields.required("client_id");
        let client_secret = fields.required("client_secret").map(Secret);
        let cloud = fields.cloud();
        let content_types = fields.content_types();
        let publisher_id = fields.text("publisher_id").and_then(|text| fields.guid("publisher_id", &text));
        let token_scope = fields.text("token_scope");
        fields.reject_unknown();
        fields.reject_swapped(client_id.as_deref(), client_secret.as_ref());
        match (id, client_id, client_secret) {
            (Some(id), Some(client_id), Some(client_secret)) if fields.problems.is_empty() => Ok(Self {
                secret_id: secret_id.to_owned(),
                id: TenantId(id),
                client_id,
                client_secret,
                cloud,
                content_types,
                publisher_id: publisher_id.unwrap_or(id),
                token_scope,
            }),
            _ => Err(invalid(fields.problems)),
        }
    }

    #[must_use]
    pub fn feed(&self, content_type: ContentType) -> FeedId {
        FeedId { tenant_id: self.id, content_type }
    }
}

/// The keys that have not been read yet, and the problems found so far.
struct Fields {
    keys: Map<String, Value>,
    problems: Vec<String>,
}

impl Fields {
    fn text(&mut self, key: &str) -> Option<String> {
        match self.keys.remove(key)? {
            Value::String(text) => self.checked(key, text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.problem(format!("{key} must be a string"))
            }
        }
    }

    /// `text`, if nothing shows that it was pasted with more than the value.
    fn checked(&mut self, key: &str, text: String) -> Option<String> {
        if pasted::without_invisible(&text).trim().is_empty() {
            return self.problem(format!("{key} is empty"));
        }
        let trimmed = text.trim_matches(|character: char| character.is_ascii_whitespace());
        let mut problems = pasted::problems(trimmed);
        if trimmed != text {
            problems.insert(0, "has leading or trailing white space".to_owned());
        }
        self.problems.extend(problems.iter().map(|problem| format!("{key} {problem}")));
        problems.is_empty().then_some(text)
    }

    fn required(&mut self, key: &str) -> Option<String> {
        if self.keys.contains_key(key) { self.text(key) } else { self.problem(format!("{key} is missing")) }
    }

    fn guid(&mut self, key: &str, text: &str) -> Option<Uuid> {
        Uuid::try_parse(text)
            .ok()
            .or_else(|| self.problem(format!("{key} must be a GUID such as 11111111-2222-3333-4444-555555555555")))
    }

    fn cloud(&mut self) -> Cloud {
        let Some(name) = self.text("cloud") else { return Cloud::default() };
        let known = Cloud::NAMES.iter().find(|(known, _)| *known == name).map(|(_, cloud)| *cloud);
        known.or_else(|| self.problem("cloud must be one of enterprise, gcc, gcc-high, dod")).unwrap_or_default()
    }

    fn content_types(&mut self) -> Vec<ContentType> {
        let names = match self.keys.remove("content_types") {
            None => return ContentType::ALL.to_vec(),
            Some(Value::Array(names)) if !names.is_empty() => names,
            Some(_) => {
                return self.problem("content_types must be a list with at least one content type").unwrap_or_default();
            }
        };
        let mut types = Vec::new();
        for name in names {
            let Value::String(name) = name else {
                self.problems.push("content_types must contain only strings".into());
                continue;
            };
            let problems = pasted::problems(&name);
            self.problems.extend(problems.iter().map(|problem| format!("content_types: an entry {problem}")));
            match name.parse::<ContentType>() {
                Ok(content_type) if types.contains(&content_type) => {}
                Ok(content_type) => types.push(content_type),
                Err(unknown) if problems.is_empty() => self.problems.push(format!("content_types: {unknown}")),
                Err(_) => {}
            }
        }
        types
    }

    fn reject_unknown(&mut self) {
        let unknown = self.keys.keys().map(|key| {
            let mut problems = pasted::problems(key);
            problems.insert(0, format!("unknown key {}", pasted::without_invisible(key)));
            problems.join("; it ")
        });
        self.problems.extend(unknown);
    }

    /// If the two were swapped, the secret would show wherever the client id does, for example in Entra's error
    /// messages.
    fn reject_swapped(&mut self, client_id: Option<&str>, client_secret: Option<&Secret>) {
        let is_guid = |text: &str| text.len() == 36 && Uuid::try_parse(text).is_ok();
        let (Some(client_id), Some(client_secret)) = (client_id, client_secret) else { return };
        if is_guid(client_secret.reveal()) && !is_guid(client_id) {
            self.problems.push("client_secret is a GUID and client_id is not; they seem to be swapped".into());
        }
    }

    fn problem<T>(&mut self, problem: impl Into<String>) -> Option<T> {
        self.problems.push(problem.into());
        None
    }
}
