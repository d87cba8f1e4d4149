//! Generated audit records in the shapes of live ones.

use jiff::Timestamp;
use rand::{Rng, RngExt, rngs::StdRng};
use uuid::Uuid;

use crate::records::fields::{JsonObject, client_ip, guid, operation, parameters, pick, properties, user};

/// Generates a record. Its names are in the order of live records: `CreationTime` and `Id` first.
pub(crate) fn record(rng: &mut StdRng, content_type: &str, tenant: Uuid, happened: Timestamp) -> Vec<u8> {
    let (operation, record_type, workload) = operation(rng, content_type);
    let mut json = JsonObject::new();
    json.text("CreationTime", &happened.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    json.text("Id", &guid(rng));
    json.text("Operation", operation);
    json.text("OrganizationId", &tenant.to_string());
    json.raw("RecordType", &unusual_record_type_or(rng, record_type).to_string());
    json.text("ResultStatus", pick(rng, &["Success", "Succeeded", "PartiallySucceeded", "Failed", "True"]));
    json.text("UserKey", &format!("{:016X}", rng.next_u64()));
    json.raw("UserType", &rng.random_range(0..6).to_string());
    json.raw("Version", "1");
    json.text("Workload", workload);
    if rng.random_bool(0.9) {
        json.text("ClientIP", &client_ip(rng));
    }
    json.text("UserId", &user(rng));
    match content_type {
        "Audit.AzureActiveDirectory" => directory(rng, &mut json),
        "Audit.Exchange" => exchange(rng, &mut json),
        "Audit.SharePoint" => sharepoint(rng, &mut json),
        "DLP.All" => dlp(rng, &mut json),
        _ => json.raw("Parameters", &parameters(rng)),
    }
    json.finish()
}

/// A quarter of the live record types are missing from Microsoft's tables.
fn unusual_record_type_or(rng: &mut StdRng, usual: u32) -> u32 {
    if rng.random_bool(0.25) { rng.random_range(200..420) } else { usual }
}

fn directory(rng: &mut StdRng, json: &mut JsonObject) {
    json.raw("AzureActiveDirectoryEventType", "1");
    json.raw("ExtendedProperties", &parameters(rng));
    json.raw("ModifiedProperties", &properties(rng));
    json.raw("Actor", &format!(r#"[{{"ID":"{}","Type":0}},{{"ID":"\/users\/{}","Type":5}}]"#, guid(rng), guid(rng)));
    json.text("ErrorNumber", &rng.random_range(0..60_000).to_string());
    // Live records escape slashes, which no JSON library has to. A client must preserve the bytes.
    json.raw("UserAgent", r#""Mozilla\/5.0 (Windows NT 10.0; Win64; x64) Gecko\/20100101\u000d\u000a""#);
}

fn exchange(rng: &mut StdRng, json: &mut JsonObject) {
    json.text("ClientInfoString", pick(rng, &["Client=REST;Client=RESTSystem;;", "Client=OWA;Action=ViaProxy", ""]));
    json.raw("ExternalAccess", pick(rng, &["true", "false"]));
    json.text("MailboxOwnerUPN", &user(rng));
    json.raw("Parameters", &parameters(rng));
    let items: Vec<String> = (0..rng.random_range(0..12))
        .map(|_| {
            format!(
                r#"{{"InternetMessageId":"<{}@mail.contoso.example>","SizeInBytes":{}}}"#,
                guid(rng),
                rng.random_range(900..90_000)
            )
        })
        .collect();
    let path = pick(rng, &[r"\\Inbox", r"\\Posteingang\\Gr\u00fc\u00dfe", r"\\受信トレイ"]);
    json.raw("Folders", &format!(r#"[{{"FolderItems":[{}],"Path":"{path}"}}]"#, items.join(",")));
}

fn sharepoint(rng: &mut StdRng, json: &mut JsonObject) {
    let file =
        pick(rng, &["Budget 2026.xlsx", "Überblick & Plan.docx", "議事録.pptx", "a \"quoted\" name.txt", "🗂️.zip"]);
    json.text("SourceFileName", file);
    json.text("ObjectId", &format!("https://contoso.sharepoint.example/sites/{}/{file}", rng.random_range(1..40)));
    json.raw("ItemType", pick(rng, &[r#""File""#, r#""Folder""#, r#""Web""#]));
    json.raw("ModifiedProperties", &properties(rng));
    json.text("EventData", "<Type>Edit</Type><Scope>all</Scope>");
}

fn dlp(rng: &mut StdRng, json: &mut JsonObject) {
    json.text("IncidentId", &guid(rng));
    let card = format!(
        "4929 {:04} {:04} {:04}",
        rng.random_range(0..9_999),
        rng.random_range(0..9_999),
        rng.random_range(0..9_999)
    );
    json.raw(
        "PolicyDetails",
        &format!(
            r#"[{{"PolicyName":"Cards","Rules":[{{"Severity":"High","ConditionsMatched":{{"SensitiveInformation":[{{"Count":1,"SensitiveInformationDetections":{{"DetectedValues":[{{"Name":"{card}","Value":"card {card}"}}]}}}}]}}}}]}}]"#
        ),
    );
}
