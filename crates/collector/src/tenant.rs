//! A tenant, as its secret describes it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::feed::{ContentType, FeedId, TenantId};

/// What is collected from one tenant, and with which credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The name of the secret that it was read from.
    pub secret_id: String,
    /// The tenant's GUID.
    pub id: TenantId,
    /// The application (client) id of the app registration.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: Secret,
    /// Where the tenant lives.
    pub cloud: Cloud,
    /// What to collect, without repeats.
    pub content_types: Vec<ContentType>,
    /// Whose request quota is used; the tenant's own unless a vendor says otherwise.
    pub publisher_id: Uuid,
    /// Replaces the scope that tokens are asked for; Microsoft's pages differ on the government clouds.
    pub token_scope: Option<String>,
}

/// A value that must not be seen: its `Debug` is mute and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one who sends it to where it belongs.
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

/// Microsoft's clouds, each with roots of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub enum Cloud {
    /// The worldwide cloud.
    #[default]
    Enterprise,
    /// US government, community.
    Gcc,
    /// US government, high.
    GccHigh,
    /// US department of defence.
    Dod,
}

impl Cloud {
    const NAMES: [(&'static str, Self); 4] =
        [("enterprise", Self::Enterprise), ("gcc", Self::Gcc), ("gcc-high", Self::GccHigh), ("dod", Self::Dod)];
}

/// A secret that is no tenant: everything that is wrong with it, and none of its values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret {secret_id} is not a tenant: {}", problems.join("; "))]
pub struct InvalidSecret {
    /// The name of the secret.
    pub secret_id: String,
    /// What is wrong, each with what is expected instead.
    pub problems: Vec<String>,
}

impl Tenant {
    /// Reads the JSON of a secret.
    ///
    /// # Errors
    /// [`InvalidSecret`] with all problems at once: text that is no JSON object, missing, empty or unknown keys, values of
    /// the wrong form.
    pub fn parse(secret_id: &str, json: &str) -> Result<Self, InvalidSecret> {
        let bad = |problems| InvalidSecret { secret_id: secret_id.to_owned(), problems };
        let value: Value = serde_json::from_str(json).map_err(|error| {
            bad(vec![format!("its value is not JSON (line {}, column {})", error.line(), error.column())])
        })?;
        let Value::Object(keys) = value else {
            return Err(bad(vec!["its value is not a JSON object with tenant_id, client_id and client_secret".into()]));
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
            _ => Err(bad(fields.problems)),
        }
    }

    /// The tenant's feed of one content type.
    #[must_use]
    pub fn feed(&self, content_type: ContentType) -> FeedId {
        FeedId { tenant_id: self.id, content_type }
    }
}

/// The keys that were not read yet, and the problems found so far.
struct Fields {
    keys: Map<String, Value>,
    problems: Vec<String>,
}

impl Fields {
    fn text(&mut self, key: &str) -> Option<String> {
        match self.keys.remove(key)? {
            Value::String(text) if text.trim().is_empty() => self.problem(format!("{key} is empty")),
            Value::String(text) if text.trim() != text => self.problem(format!("{key} has white space around it")),
            Value::String(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.problem(format!("{key} must be a string"))
            }
        }
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
            match name.as_str().map(str::parse::<ContentType>) {
                Some(Ok(content_type)) if types.contains(&content_type) => {}
                Some(Ok(content_type)) => types.push(content_type),
                Some(Err(unknown)) => self.problems.push(format!("content_types: {unknown}")),
                None => self.problems.push("content_types must hold strings only".into()),
            }
        }
        types
    }

    fn reject_unknown(&mut self) {
        let unknown: Vec<String> = self.keys.keys().map(|key| format!("unknown key {key}")).collect();
        self.problems.extend(unknown);
    }

    /// Swapped, the secret would be shown wherever the application is named: by Entra, in its answer, for one.
    fn reject_swapped(&mut self, client_id: Option<&str>, client_secret: Option<&Secret>) {
        let is_guid = |text: &str| text.len() == 36 && Uuid::try_parse(text).is_ok();
        let (Some(client_id), Some(client_secret)) = (client_id, client_secret) else { return };
        if is_guid(client_secret.reveal()) && !is_guid(client_id) {
            self.problems.push("client_secret is a GUID and client_id is none: they seem to be swapped".into());
        }
    }

    fn problem<T>(&mut self, problem: impl Into<String>) -> Option<T> {
        self.problems.push(problem.into());
        None
    }
}
