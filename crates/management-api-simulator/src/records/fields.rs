//! The parts of generated records, with the variations found in live ones.

use rand::{RngExt, rngs::StdRng};
use uuid::Builder;

/// Writes a JSON object and keeps the order of its names.
pub(crate) struct JsonObject(String);

impl JsonObject {
    pub(crate) fn new() -> Self {
        JsonObject("{".to_owned())
    }

    /// Adds a value that already is JSON.
    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.0.push_str(&format!("{comma}\"{name}\":{json}"));
    }

    /// Adds a string.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push('}');
        self.0.into_bytes()
    }
}

fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

pub(crate) fn pick<'a>(rng: &mut StdRng, from: &[&'a str]) -> &'a str {
    from.get(rng.random_range(0..from.len().max(1))).copied().unwrap_or_default()
}

pub(crate) fn guid(rng: &mut StdRng) -> String {
    Builder::from_random_bytes(rng.random()).into_uuid().to_string()
}

pub(crate) fn user(rng: &mut StdRng) -> String {
    let name = pick(rng, &["adele.vance", "zoë.müller", "joão", "山田", "svc-backup", "o'brien"]);
    let domain = pick(rng, &["contoso.example", "fabrikam.example", "northwind.example"]);
    match rng.random_range(0..20) {
        0 => "Not Available".to_owned(),
        1 => "ServicePrincipal_4f1c2a".to_owned(),
        _ => format!("{name}{}@{domain}", rng.random_range(1..400)),
    }
}

/// IPv4 or IPv6, with or without a port, with or without brackets, empty, or garbage.
pub(crate) fn client_ip(rng: &mut StdRng) -> String {
    let v4 = format!("203.0.113.{}", rng.random_range(1..255));
    let v6 = format!("2001:db8::{:x}", rng.random_range(1..65_536));
    let port = rng.random_range(1_024..65_536);
    match rng.random_range(0..8) {
        0..=2 => v4,
        3 => format!("{v4}:{port}"),
        4 => v6,
        5 => format!("[{v6}]:{port}"),
        6 => String::new(),
        _ => pick(rng, &["<null>", "::ffff:", "unknown, unknown"]).to_owned(),
    }
}

/// A string, a list of names and values, or an object: all three occur in live records.
pub(crate) fn parameters(rng: &mut StdRng) -> String {
    let value = pick(rng, &["True", "contoso.example\\adele", "line 1\r\nline 2\t\"quoted\"", "Größe", ""]);
    let value = quoted(value);
    match rng.random_range(0..4) {
        0 => quoted("-Name \"Default policy\" -Comment \"<SNIP>\""),
        1 => format!(r#"{{"Identity":{value},"Force":true,"Depth":null}}"#),
        2 => "[]".to_owned(),
        _ => format!(r#"[{{"Name":"Identity","Value":{value}}},{{"Name":"Confirm","Value":"False"}}]"#),
    }
}

/// `ModifiedProperties`: changes as a list or an object, or names only.
pub(crate) fn properties(rng: &mut StdRng) -> String {
    match rng.random_range(0..4) {
        0 => "[]".to_owned(),
        1 => r#"["DisplayName","Manager"]"#.to_owned(),
        2 => r#"{"DisplayName":{"New":"Zo\u00eb","Old":"Zoe"}}"#.to_owned(),
        _ => {
            format!(r#"[{{"Name":"AccountEnabled","NewValue":"[\r\n  {}\r\n]","OldValue":""}}]"#, rng.random_bool(0.5))
        }
    }
}

/// Operation, record type and workload.
pub(crate) fn operation(rng: &mut StdRng, content_type: &str) -> (&'static str, u32, &'static str) {
    let known: &[(&'static str, u32, &'static str)] = match content_type {
        "Audit.AzureActiveDirectory" => &[
            ("UserLoggedIn", 15, "AzureActiveDirectory"),
            ("UserLoginFailed", 15, "AzureActiveDirectory"),
            ("Add member to role.", 8, "AzureActiveDirectory"),
        ],
        "Audit.Exchange" => {
            &[("MailItemsAccessed", 50, "Exchange"), ("Set-Mailbox", 1, "Exchange"), ("HardDelete", 3, "Exchange")]
        }
        "Audit.SharePoint" => &[
            ("FileAccessed", 6, "SharePoint"),
            ("FileModified", 6, "OneDrive"),
            ("SiteCollectionCreated", 4, "SharePoint"),
        ],
        "DLP.All" => &[("DlpRuleMatch", 13, "Exchange"), ("DlpRuleMatch", 11, "SharePoint")],
        _ => &[
            ("TeamsSessionStarted", 25, "MicrosoftTeams"),
            ("New-DlpCompliancePolicy", 18, "SecurityComplianceCenter"),
            ("ViewReport", 20, "PowerBI"),
        ],
    };
    known.get(rng.random_range(0..known.len())).copied().unwrap_or(("Unknown", 0, "Unknown"))
}
