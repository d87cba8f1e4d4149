//! Microsoft's error responses, each classified exactly once.

use collector::failure::{Failure, FailureKind};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;

/// The relevant parts of an error response. Its texts are short, on one line, and without credentials.
#[derive(Debug)]
pub(crate) struct ErrorResponse {
    pub(crate) status: StatusCode,
    /// Empty if there is none, as are the other texts.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The beginning of the body, for bodies in which nothing was understood.
    pub(crate) excerpt: String,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<SignedDuration>,
    pub(crate) is_unknown_tenant: bool,
    /// The digits of Entra's code.
    pub(crate) entra_code: String,
    /// The time on Microsoft's clock, and on ours.
    pub(crate) server_time: Option<Timestamp>,
    pub(crate) received_at: Timestamp,
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
    /// Whether the body says what went wrong, so that it is an error whatever the status.
    pub(crate) fn is_error(&self) -> bool {
        !self.code.is_empty() || !self.message.is_empty()
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
        let kind = self.kind(operation);
        let (detail, advice) = (self.detail(), advice(kind, operation));
        let mut failure = Failure::new(kind, format!("{} failed: {detail}{advice}", operation.as_str()));
        if kind == FailureKind::WindowOutOfRange {
            failure.message += &self.differing_clocks();
        }
        if kind == FailureKind::RequestRejected {
            failure.message = format!("{} [request: {address}]", failure.message);
        }
        failure.retry_after = self.retry_after;
        failure
    }

    /// What the response says, or else what it looks like.
    pub(crate) fn detail(&self) -> String {
        let status = self.status.as_u16();
        let content_type =
            if self.content_type.is_empty() { String::new() } else { format!(" ({})", self.content_type) };
        let excerpt = self.excerpt.as_str();
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") if self.status.is_success() && excerpt.is_empty() => format!("HTTP {status} with an empty body"),
            ("", "") if self.status.is_success() => {
                format!("HTTP {status} with an unexpected body{content_type}: {excerpt}")
            }
            ("", "") if excerpt.is_empty() => format!("HTTP {status}"),
            ("", "") => format!("HTTP {status}{content_type}: {excerpt}"),
            ("", message) => format!("HTTP {status}: {message}"),
            (code, "") => format!("{code} (HTTP {status}): {excerpt}"),
            (code, message) => format!("{code} (HTTP {status}): {message}"),
        }
    }

    /// Windows are judged by Microsoft's clock: names both if they are more than a minute apart.
    fn differing_clocks(&self) -> String {
        const TOLERATED: SignedDuration = SignedDuration::from_mins(1);
        let ours = self.received_at;
        match self.server_time {
            Some(microsofts) if microsofts.duration_since(ours).abs() > TOLERATED => {
                format!("; Microsoft's clock shows {microsofts:.0}, ours {ours:.0}")
            }
            Some(_) | None => String::new(),
        }
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
            _ if self.is_unknown_tenant => FailureKind::Tenant,
            _ => self.kind_by_status(operation),
        }
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
fn advice(kind: FailureKind, operation: Operation) -> &'static str {
    match kind {
        FailureKind::Throttled if operation == Operation::StartSubscription => {
            "; Microsoft limits how often a subscription may be started; it will be started later"
        }
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
        | FailureKind::Unanswered
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
