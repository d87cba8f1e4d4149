//! Microsoft's error responses, each classified exactly once.

use collector::failure::{Failure, FailureKind};
use jiff::SignedDuration;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;

/// The relevant parts of an error response.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) retry_after: Option<SignedDuration>,
}

/// The API operation of a request. The meaning of a status depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    ListSubscriptions,
    StartSubscription,
    ListContent,
    FetchContent,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::ListSubscriptions => "listing the subscriptions",
            Self::StartSubscription => "starting the subscription",
            Self::ListContent => "listing content",
            Self::FetchContent => "fetching content",
        }
    }
}

impl ErrorResponse {
    /// Accepts every shape of error object that Microsoft is known to send. HTML pages and empty bodies have no code
    /// and no message.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let code = text(&json["error"]["code"]).or_else(|| text(&json["error"])).unwrap_or_default();
        let message = [&json["error"]["message"], &json["error_description"], &json["Message"], &json["message"]]
            .into_iter()
            .find_map(text)
            .unwrap_or_default();
        // Only the form in seconds is supported; a date counts as no header.
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
        let retry_after = seconds.map(|seconds| SignedDuration::from_secs(seconds.into()));
        Self { status, code, message: first_line(&message), retry_after }
    }

    /// The error object in a response with a success status, if there is one.
    pub(crate) async fn inside(success: Response) -> Result<Option<Self>, Failure> {
        let (status, headers) = (success.status(), success.headers().clone());
        let body = success.bytes().await.map_err(transport)?;
        Ok(Some(Self::read(status, &headers, &body)).filter(|error| !error.code.is_empty()))
    }

    /// Whether the token was rejected for a reason other than a missing permission.
    pub(crate) fn is_token_rejected(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && !self.is_permission_missing()
    }

    /// Whether the token lacks a permission. Some responses say so with HTTP 403 and no code.
    pub(crate) fn is_permission_missing(&self) -> bool {
        self.code == "AF10001" || self.code.is_empty() && self.status == StatusCode::FORBIDDEN
    }

    /// Whether the subscription was enabled before. Undocumented; observed with HTTP 400.
    pub(crate) fn is_already_enabled(&self) -> bool {
        self.code == "AF20024"
    }

    /// `address` is that of the request; the message quotes it if the request was at fault.
    pub(crate) fn failure(self, operation: Operation, address: &str) -> Failure {
        let (kind, status) = (self.kind(operation), self.status.as_u16());
        let detail = match (self.code.as_str(), self.message.as_str()) {
            ("", "") if self.status.is_success() => format!("HTTP {status} with an unexpected body"),
            ("", "") => format!("HTTP {status}"),
            ("", message) => format!("HTTP {status}: {message}"),
            (code, message) => format!("{code} (HTTP {status}): {message}"),
        };
        let mut failure = Failure::new(kind, format!("{} failed: {detail}{}", operation.as_str(), advice(kind)));
        if kind == FailureKind::RequestRejected {
            failure.message = format!("{} [request: {address}]", failure.message);
        }
        failure.retry_after = self.retry_after;
        failure
    }

    /// The code decides before the status, because Microsoft sends throttling as HTTP 403.
    fn kind(&self, operation: Operation) -> FailureKind {
        match self.code.as_str() {
            "AF429" => FailureKind::Throttled,
            "AF10001" => FailureKind::Permission,
            "AF20010" | "AF20011" | "AF20012" | "AF20013" => FailureKind::Tenant,
            "AF20022" | "AF20023" => FailureKind::SubscriptionDisabled,
            "AF20030" | "AF20055" => FailureKind::WindowOutOfRange,
            "AF20050" | "AF20051" => FailureKind::ContentGone,
            "AF20001" | "AF20002" | "AF20003" | "AF20020" | "AF20031" | "AF20052" | "AF20053" | "AF20054" => {
                FailureKind::RequestRejected
            }
            "AF50000" | "AF50005" | "AF50006" => FailureKind::Transient,
            _ if self.is_unknown_tenant() => FailureKind::Tenant,
            _ => self.kind_by_status(operation),
        }
    }

    /// Observed without a known code, in the middle of a stack trace: "…: Tenant {guid} does not exist."
    fn is_unknown_tenant(&self) -> bool {
        self.message.split_once("Tenant ").is_some_and(|(_, rest)| rest.contains("does not exist"))
    }

    fn kind_by_status(&self, operation: Operation) -> FailureKind {
        match self.status.as_u16() {
            429 => FailureKind::Throttled,
            401 | 403 => FailureKind::Permission,
            404 if operation == Operation::FetchContent => FailureKind::ContentNotFound,
            410 if operation == Operation::FetchContent => FailureKind::ContentGone,
            // A success status with an error object inside is a transient error, as are time-outs and all 5xx.
            200..=299 | 408 | 500..=599 => FailureKind::Transient,
            _ => FailureKind::RequestRejected,
        }
    }
}

/// What the person who reads the message can do about it.
fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Throttled => "; the tenant's request quota is used up; the request will be retried later",
        FailureKind::Permission => {
            "; grant the app registration the *application* permissions ActivityFeed.Read and, for DLP.All, \
             ActivityFeed.ReadDlp of the Office 365 Management APIs, with admin consent (delegated ones do not work)"
        }
        FailureKind::Tenant => {
            "; check the secret's tenant_id and cloud, that the tenant has a licence, and that unified auditing is on \
             (Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true)"
        }
        FailureKind::SubscriptionDisabled => "; the poller starts the subscription, at most once every 15 minutes",
        FailureKind::WindowOutOfRange => "; the next poll lists what is still available and reports the rest as lost",
        FailureKind::ContentNotFound => "; it is requested again",
        FailureKind::ContentGone => "; the content can never be fetched",
        FailureKind::RequestRejected => "; this is a defect of the collector; please report it",
        FailureKind::CredentialsRejected => "; put valid credentials into the tenant's secret",
        FailureKind::Transient
        | FailureKind::MalformedBody
        | FailureKind::RateLimited
        | FailureKind::InvalidSecret
        | FailureKind::InvalidMessage
        | FailureKind::AwsService => "",
    }
}

/// A failure below HTTP: there was no response, or an incomplete one.
pub(crate) fn transport(error: reqwest::Error) -> Failure {
    Failure::new(FailureKind::Transient, "no complete response from Microsoft").caused_by(error.without_url())
}

/// Microsoft may append a stack trace to a message.
fn first_line(text: &str) -> String {
    const LONGEST: usize = 400;
    text.lines().next().unwrap_or_default().chars().take(LONGEST).collect()
}
