//! What was called, and what should not have been.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use uuid::Uuid;

use crate::http::{
    request::Request,
    route::{Operation, Route, Subject},
};

/// Most calls remembered one by one; the oldest are forgotten first.
const CALL_LOG_CAPACITY: usize = 200_000;

/// How often what was called, since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    counts: BTreeMap<(Operation, Option<Uuid>), u64>,
    /// Calls of the API within the quota.
    pub allowed: u64,
    /// Calls of the API that the quota refused. (Refusals by a scripted fault are not among them.)
    pub refused: u64,
}

impl Calls {
    /// Calls of this operation by all tenants, whatever the answer.
    pub fn of(&self, operation: Operation) -> u64 {
        self.counts.iter().filter(|((known, _), _)| *known == operation).map(|(_, count)| count).sum()
    }

    /// Calls of this operation with this tenant in the path.
    pub fn of_tenant(&self, tenant: Uuid, operation: Operation) -> u64 {
        self.counts.get(&(operation, Some(tenant))).copied().unwrap_or(0)
    }

    /// All calls.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// One call, as it came in and was answered. It holds no token and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCall {
    /// When, by the simulator's clock.
    pub at: Timestamp,
    /// What was asked.
    pub operation: Operation,
    /// The tenant in the path, if it is a GUID.
    pub tenant: Option<Uuid>,
    /// The content type asked for, or the one of the content id.
    pub content_type: Option<String>,
    /// The content id asked for.
    pub content_id: Option<String>,
    /// `startTime` and `endTime` as written.
    pub window: Option<(String, String)>,
    /// Whether it asked for a page that follows another.
    pub next_page: bool,
    /// The status of the answer (also where it was lost on the way).
    pub status: u16,
}

#[derive(Debug, Default)]
pub(crate) struct CallLog {
    counts: BTreeMap<(Operation, Option<Uuid>), u64>,
    pub(crate) seen: VecDeque<SeenCall>,
    pub(crate) violations: Vec<String>,
}

impl CallLog {
    pub(crate) fn calls(&self, allowed: u64, refused: u64) -> Calls {
        Calls { counts: self.counts.clone(), allowed, refused }
    }

    pub(crate) fn reset(&mut self) {
        self.counts.clear();
        self.seen.clear();
    }

    pub(crate) fn record(&mut self, request: &Request, subject: &Subject, status: u16, at: Timestamp) {
        *self.counts.entry((subject.operation, subject.tenant)).or_default() += 1;
        if self.seen.len() == CALL_LOG_CAPACITY {
            self.seen.pop_front();
        }
        self.seen.push_back(SeenCall {
            at,
            operation: subject.operation,
            tenant: subject.tenant,
            content_type: subject.content_type.clone(),
            content_id: subject.content_id.clone(),
            window: request.parameter("starttime").zip(request.parameter("endtime")),
            next_page: request.parameter("nextpage").is_some(),
            status,
        });
    }

    /// Notes a call that Microsoft does not know.
    pub(crate) fn record_unknown(&mut self, request: &Request) {
        self.violations.push(format!("unknown call: {} {}", request.method, request.path));
    }

    /// Notes what is against the protocol although it may be answered.
    pub(crate) fn check_protocol(&mut self, request: &Request, route: &Route) {
        let mut note = |what: &str| self.violations.push(format!("{what}: {} {}", request.method, request.path));
        match route.operation {
            Operation::Token => return,
            Operation::StartSubscription => {
                if !request.has_content_length {
                    note("a POST without Content-Length");
                }
                if !request.body.is_empty() {
                    note("a webhook, or another body, with the start of a subscription");
                }
            }
            Operation::ListSubscriptions | Operation::ListContent | Operation::FetchContent => {}
        }
        match request.parameters("publisheridentifier").as_slice() {
            [] => note("without PublisherIdentifier"),
            [publisher] if Uuid::try_parse(publisher).is_err() => note("a PublisherIdentifier that is no GUID"),
            [_] => {}
            [_, _, ..] => note("more than one PublisherIdentifier"),
        }
    }
}
