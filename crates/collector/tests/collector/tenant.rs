mod pasted;

use collector::feed::ContentType;
use collector::tenant::{Cloud, InvalidSecret, Tenant};
use serde_json::{Value, json};
use testkit::TENANT;

const GUID: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT_ID: &str = "00000000-aaaa-bbbb-cccc-000000000001";
const CLIENT_SECRET: &str = "hunter2~Q.-$";

/// The three keys that a secret must have.
fn required() -> Value {
    json!({"tenant_id": GUID, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
}

fn with(key: &str, value: Value) -> Value {
    let mut secret = required();
    secret[key] = value;
    secret
}

fn parse(secret: &Value) -> Result<Tenant, InvalidSecret> {
    Tenant::parse("m365/contoso", &secret.to_string())
}

fn problems(secret: &Value) -> Vec<String> {
    parse(secret).expect_err("the secret is invalid").problems
}

#[test]
fn reads_a_secret_with_every_contract_key() {
    let secret = json!({
        "tenant_id": GUID,
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "cloud": "enterprise",
        "content_types": ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"],
        "publisher_id": "99999999-8888-7777-6666-555555555555"
    });
    let tenant = parse(&secret).unwrap();
    assert_eq!(tenant.secret_id, "m365/contoso");
    assert_eq!(tenant.id, TENANT);
    assert_eq!(tenant.client_id, CLIENT_ID);
    assert_eq!(tenant.client_secret.reveal(), CLIENT_SECRET);
    assert_eq!(tenant.cloud, Cloud::Enterprise);
    assert_eq!(tenant.content_types, ContentType::ALL);
    assert_eq!(tenant.publisher_id.to_string(), "99999999-8888-7777-6666-555555555555");
}

#[test]
fn optional_keys_have_defaults() {
    let tenant = parse(&required()).unwrap();
    assert_eq!(tenant.cloud, Cloud::Enterprise);
    assert_eq!(tenant.content_types, ContentType::ALL);
    assert_eq!(tenant.publisher_id, tenant.id.0);
    assert_eq!(tenant.token_scope, None);
}

#[test]
fn reads_each_cloud_by_its_name() {
    for (name, cloud) in
        [("enterprise", Cloud::Enterprise), ("gcc", Cloud::Gcc), ("gcc-high", Cloud::GccHigh), ("dod", Cloud::Dod)]
    {
        assert_eq!(parse(&with("cloud", json!(name))).unwrap().cloud, cloud, "{name}");
    }
}

#[test]
fn reads_a_token_scope() {
    let tenant = parse(&with("token_scope", json!("https://manage-gcc.office.com/.default"))).unwrap();
    assert_eq!(tenant.token_scope.as_deref(), Some("https://manage-gcc.office.com/.default"));
}

#[test]
fn ignores_duplicate_content_types() {
    let tenant = parse(&with("content_types", json!(["DLP.All", "Audit.Exchange", "DLP.All"]))).unwrap();
    assert_eq!(tenant.content_types, [ContentType::Dlp, ContentType::Exchange]);
}

#[test]
fn accepts_a_guid_in_upper_case() {
    let tenant = parse(&with("tenant_id", json!("ABCDEFAB-2222-3333-4444-5555555555FF"))).unwrap();
    assert_eq!(tenant.id.to_string(), "abcdefab-2222-3333-4444-5555555555ff");
}

#[test]
fn each_problem_says_what_is_expected() {
    let guid = "must be a GUID such as 11111111-2222-3333-4444-555555555555";
    for (key, value, problem) in [
        ("tenant_id", json!("contoso.onmicrosoft.com"), &format!("tenant_id {guid}")[..]),
        ("tenant_id", json!(7), "tenant_id must be a string"),
        ("client_id", json!(""), "client_id is empty"),
        ("client_secret", json!("  "), "client_secret is empty"),
        ("client_secret", json!("value\n"), "client_secret has leading or trailing white space"),
        ("client_secret", json!(null), "client_secret must be a string"),
        ("cloud", json!("china"), "cloud must be one of enterprise, gcc, gcc-high, dod"),
        ("content_types", json!([]), "content_types must be a list with at least one content type"),
        ("content_types", json!("Audit.Exchange"), "content_types must be a list with at least one content type"),
        ("content_types", json!([1]), "content_types must contain only strings"),
        (
            "content_types",
            json!(["audit.exchange"]),
            "content_types: \"audit.exchange\" is not a content type; it must be one of Audit.AzureActiveDirectory, \
             Audit.Exchange, Audit.SharePoint, Audit.General, DLP.All",
        ),
        ("publisher_id", json!("contoso"), &format!("publisher_id {guid}")),
        ("client_certificate", json!("…"), "unknown key client_certificate"),
    ] {
        assert_eq!(problems(&with(key, value)), [problem]);
    }
}

#[test]
fn reports_all_problems_at_once() {
    let secret = json!({
        "client_id": " app", "client_secret": 7, "cloud": "moon", "content_types": ["Audit.X", "Audit.Y"],
        "publisher_id": "me", "Cloud": "gcc", "note": "for later"
    });
    let reported = problems(&secret);
    let mut subjects: Vec<&str> = reported.iter().filter_map(|problem| problem.split([' ', ':']).next()).collect();
    subjects.dedup();
    assert_eq!(
        subjects,
        ["tenant_id", "client_id", "client_secret", "cloud", "content_types", "publisher_id", "unknown"]
    );
    assert!(reported.contains(&"unknown key Cloud".to_owned()), "{reported:?}");
    assert!(reported.contains(&"unknown key note".to_owned()), "{reported:?}");
    assert_eq!(reported.iter().filter(|problem| problem.starts_with("content_types")).count(), 2, "{reported:?}");
}

#[test]
fn the_message_names_the_secret_and_every_problem() {
    let invalid = parse(&json!({"tenant_id": GUID})).unwrap_err();
    let message = "secret m365/contoso is not a tenant: client_id is missing; client_secret is missing";
    assert_eq!(invalid.to_string(), message);
}

#[test]
fn reports_invalid_json_by_line_and_column() {
    for (text, problem) in [
        ("", "its value is not JSON (line 1, column 0)"),
        ("client_secret=x", "its value is not JSON (line 1, column 1)"),
        ("{\n \"tenant_id\": }", "its value is not JSON (line 2, column 15)"),
        ("[]", "its value is not a JSON object with tenant_id, client_id and client_secret"),
        ("\"x\"", "its value is not a JSON object with tenant_id, client_id and client_secret"),
    ] {
        assert_eq!(Tenant::parse("m365/contoso", text).unwrap_err().problems, [problem], "{text}");
    }
}

#[test]
fn detects_swapped_credentials() {
    let swapped = json!({"tenant_id": GUID, "client_id": CLIENT_SECRET, "client_secret": CLIENT_ID});
    assert_eq!(problems(&swapped), ["client_secret is a GUID and client_id is not; they seem to be swapped"]);
}

#[test]
fn never_shows_a_client_secret() {
    let texts = [
        ("a valid secret", required().to_string()),
        ("another key is invalid", with("cloud", json!("moon")).to_string()),
        ("with trailing white space", with("client_secret", json!(format!("{CLIENT_SECRET} "))).to_string()),
        ("with an invisible character", with("client_secret", json!(format!("{CLIENT_SECRET}\u{200b}"))).to_string()),
        ("in quotes", with("client_secret", json!(format!("“{CLIENT_SECRET}”"))).to_string()),
        ("behind a byte order mark", format!("\u{feff}{CLIENT_SECRET}")),
        ("in a list", with("client_secret", json!([CLIENT_SECRET])).to_string()),
        ("in an object", with("client_secret", json!({"value": CLIENT_SECRET})).to_string()),
        ("as tenant_id", with("tenant_id", json!(CLIENT_SECRET)).to_string()),
        ("as publisher_id", with("publisher_id", json!(CLIENT_SECRET)).to_string()),
        ("as cloud", with("cloud", json!(CLIENT_SECRET)).to_string()),
        ("as content_types", with("content_types", json!(CLIENT_SECRET)).to_string()),
        (
            "swapped with client_id",
            json!({"tenant_id": GUID, "client_id": CLIENT_SECRET, "client_secret": CLIENT_ID}).to_string(),
        ),
        ("under a misspelt key", json!({"tenant_id": GUID, "clientSecret": CLIENT_SECRET}).to_string()),
        ("as the whole secret", json!(CLIENT_SECRET).to_string()),
        ("not JSON at all", CLIENT_SECRET.to_owned()),
        ("JSON that is cut off inside it", format!(r#"{{"tenant_id": "{GUID}", "client_secret": "{CLIENT_SECRET}"#)),
        ("JSON that is invalid inside it", format!("{{\"client_secret\": \"{CLIENT_SECRET}\u{1}\"}}")),
        ("JSON that is invalid after it", format!(r#"{{"client_secret": "{CLIENT_SECRET}" "client_id": "x"}}"#)),
        ("without quotes", format!(r#"{{"client_secret": {CLIENT_SECRET}}}"#)),
        ("with an invalid escape", format!(r#"{{"client_secret": "{CLIENT_SECRET}\q"}}"#)),
    ];
    for (title, text) in texts {
        let parsed = Tenant::parse("m365/contoso", &text);
        let shown = format!("{parsed:?} {}", parsed.as_ref().err().map(ToString::to_string).unwrap_or_default());
        assert!(!shown.contains("hunter2"), "{title}: {shown}");
    }
}
