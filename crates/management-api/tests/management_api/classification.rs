//! Every known error response and its kind, which is decided by code first and by status second.

use collector::failure::FailureKind::{
    self, ContentGone, ContentNotFound, Permission, RequestRejected, SubscriptionDisabled, Tenant, Throttled,
    Transient, WindowOutOfRange,
};

use crate::scripted_server::{ScriptedServer, response};
use crate::{assert_contains, expect_failure};

/// An error page without any of Microsoft's error objects.
const HTML: &str = "<!DOCTYPE html>\r\n<html><body><h2>Service Unavailable</h2></body></html>";

fn error(code: &str, message: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#)
}

/// How often a request is sent that fails with this kind.
fn attempts(kind: FailureKind) -> usize {
    if kind == Transient { 3 } else { 1 }
}

#[tokio::test]
async fn the_code_decides_before_the_status() {
    let (server, fixture) = ScriptedServer::start().await;
    for (code, kind, advice) in [
        ("AF10001", Permission, "*application* permissions ActivityFeed.Read and, for DLP.All, ActivityFeed.ReadDlp"),
        ("AF20001", RequestRejected, "defect of the collector"),
        ("AF20002", RequestRejected, "defect of the collector"),
        ("AF20003", RequestRejected, "defect of the collector"),
        ("AF20010", Tenant, "check the secret's tenant_id and cloud"),
        ("AF20011", Tenant, "unified auditing is on"),
        ("AF20012", Tenant, "has a licence"),
        ("AF20013", Tenant, "check the secret's tenant_id"),
        ("AF20020", RequestRejected, "defect of the collector"),
        ("AF20022", SubscriptionDisabled, "the poller starts the subscription"),
        ("AF20023", SubscriptionDisabled, "the poller starts the subscription"),
        ("AF20030", WindowOutOfRange, "reports the rest as lost"),
        ("AF20031", RequestRejected, "defect of the collector"),
        ("AF20050", ContentGone, "never be fetched"),
        ("AF20051", ContentGone, "never be fetched"),
        ("AF20052", RequestRejected, "defect of the collector"),
        ("AF20053", RequestRejected, "defect of the collector"),
        ("AF20054", RequestRejected, "defect of the collector"),
        ("AF20055", WindowOutOfRange, "reports the rest as lost"),
        ("AF429", Throttled, "request quota is used up"),
        ("AF50000", Transient, ""),
        ("AF50005", Transient, ""),
        ("AF50006", Transient, ""),
    ] {
        for status in [200, 400, 403, 404, 500] {
            server.respond_only(response(status, error(code, "Described by Microsoft.")));
            let failure = expect_failure(fixture.list().await);
            assert_eq!(failure.kind, kind, "{code} as {status}");
            let description = format!("listing content failed: {code} (HTTP {status}): Described by Microsoft.");
            assert_contains(&failure.message, &[&description, advice]);
            assert_eq!(server.requests().len(), attempts(kind), "{code} as {status}");
        }
    }
}

#[tokio::test]
async fn without_a_known_code_the_status_decides() {
    let (server, fixture) = ScriptedServer::start().await;
    for (status, kind) in [
        (302, RequestRejected),
        (400, RequestRejected),
        (403, Permission),
        (404, RequestRejected),
        (405, RequestRejected),
        (408, Transient),
        (411, RequestRejected),
        (429, Throttled),
        (500, Transient),
        (502, Transient),
        (503, Transient),
        (504, Transient),
    ] {
        for body in ["", HTML, "{}", "[]", r#"{"error":null}"#, r#"{"error":{"code":7}}"#, "\u{feff}"] {
            server.respond_only(response(status, body));
            let failure = expect_failure(fixture.list().await);
            assert_eq!(failure.kind, kind, "{status} {body:?}");
            assert_contains(&failure.message, &[&format!("listing content failed: HTTP {status}")]);
            assert_eq!(server.requests().len(), attempts(kind), "{status} {body:?}");
        }
    }
}

#[tokio::test]
async fn unknown_codes_are_shown_and_classified_by_status() {
    let (server, fixture) = ScriptedServer::start().await;
    for (status, kind) in [(400, RequestRejected), (500, Transient)] {
        server.respond_only(response(status, error("AF29999", "New.")));
        let failure = expect_failure(fixture.list().await);
        assert_eq!(failure.kind, kind);
        assert_contains(&failure.message, &[&format!("AF29999 (HTTP {status}): New.")]);
    }
}

#[tokio::test]
async fn a_blob_is_gone_only_if_microsoft_says_so() {
    let (server, fixture) = ScriptedServer::start().await;
    for (status, body, kind) in [
        (404, "", ContentNotFound),
        (404, HTML, ContentNotFound),
        (410, "", ContentGone),
        (404, &error("AF20050", ""), ContentGone),
        (400, &error("AF20050", ""), ContentGone),
        (400, &error("AF20051", ""), ContentGone),
    ] {
        server.respond_only(response(status, body));
        let failure = expect_failure(fixture.read(&server.feed_url("audit/1")).await);
        assert_eq!(failure.kind, kind, "{status} {body}");
    }
}

#[tokio::test]
async fn reads_other_shapes_of_errors() {
    let (server, fixture) = ScriptedServer::start().await;
    for (body, detail) in [
        (r#"{"Message":"The request is invalid."}"#, "HTTP 400: The request is invalid."),
        (r#"{"message":"The request is invalid."}"#, "HTTP 400: The request is invalid."),
        (r#"{"error":"invalid","error_description":"Why."}"#, "invalid (HTTP 400): Why."),
        (r#"{"error":{"code":"AF20001","message":"First line.\r\n   at Microsoft.Office"}}"#, "First line.;"),
    ] {
        server.respond_only(response(400, body));
        assert_contains(&expect_failure(fixture.list().await).message, &[detail]);
    }
}

#[tokio::test]
async fn an_unknown_tenant_may_lack_auditing() {
    let (server, fixture) = ScriptedServer::start().await;
    let guid = fixture.tenant.id;
    let in_a_stack_trace = format!(
        "1790e19d3016] failed. Exception: Microsoft.Office.Compliance.Audit.DataServiceException: \
         Tenant {guid} does not exist.\\r\\n   at Microsoft.Office.Compliance.Audit.API.AzureManager"
    );
    for body in [
        error("", &format!("Tenant {guid} does not exist.")),
        error("AF20011", &format!("Specified tenant ID ({guid}) does not exist in the system or has been deleted.")),
        error(&format!("StartSubscription [CorrId=1][TenantId={guid}][AppId"), &in_a_stack_trace),
    ] {
        for status in [400, 500] {
            server.respond_only(response(status, body.as_str()));
            let failure = expect_failure(fixture.start().await);
            assert_eq!(failure.kind, Tenant, "{status} {body}");
            assert_contains(
                &failure.message,
                &["does not exist", "unified auditing is on", "UnifiedAuditLogIngestionEnabled"],
            );
        }
    }
}

#[tokio::test]
async fn a_rejected_request_is_shown_with_its_parameters() {
    let (server, fixture) = ScriptedServer::start().await;
    server.respond(response(400, error("AF20002", "Invalid parameter type: startTime. Expected type: datetime")));
    let failure = expect_failure(fixture.list().await);
    let parameters = "contentType=Audit.Exchange&startTime=2026-11-22T11:00:00&endTime=2026-11-22T12:00:00";
    let request = server.feed_url(&format!("subscriptions/content?{parameters}"));
    assert_contains(&failure.message, &["listing content failed", &format!("[request: {request}]")]);
}
