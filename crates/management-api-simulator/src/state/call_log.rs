//! The log of received requests and of protocol violations.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use uuid::Uuid;

use crate::http::{
    request::Request,
    route::{Operation, Route, Subject},
};

/// The maximum number of recorded requests; the oldest are dropped first.
const CALL_LOG_CAPACITY: usize = 200_000;

/// Request counts since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    counts: BTreeMap<(Operation, Option<Uuid>), u64>,
    /// Requests to the API within the quota.
    pub allowed: u64,
    /// Requests to the API that the quota refused. Refusals by scripted faults do not count.
    pub refused: u64,
}

impl Calls {
    /// Requests of this operation by all tenants, whatever the response.
    pub fn of(&self, operation: Operation) -> u64 {
        self.counts.iter().filter(|((known, _), _)| *known == operation).map(|(_, count)| count).sum()
    }

    /// Requests of this operation with this tenant in the path.
    pub fn of_tenant(&self, tenant: Uuid, operation: Operation) -> u64 {
        self.counts.get(&(operation, Some(tenant))).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// A recorded request. It contains no token and no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCall {
    /// By the simulator's clock.
    pub at: Timestamp,
    pub operation: Operation,
    /// The tenant in the path, if it is a GUID.
    pub tenant: Option<Uuid>,
    /// The requested content type, or the one in the content id.
    pub content_type: Option<String>,
    pub content_id: Option<String>,
    /// `startTime` and `endTime` as sent.
    pub window: Option<(String, String)>,
    /// Whether it requested a page after the first.
    pub next_page: bool,
    /// The status of the response, even if the response was lost in transit.
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

    /// Records a request that Microsoft has no operation for.
    pub(crate) fn record_unknown(&mut self, request: &Request) {
        self.violations.push(format!("unknown request: {} {}", request.method, request.path));
    }

    /// Records violations of the protocol, even those that Microsoft tolerates.
    pub(crate) fn check_protocol(&mut self, request: &Request, route: &Route) {
        let mut note = |what: &str| self.violations.push(format!("{what}: {} {}", request.method, request.path));
        match route.operation {
            Operation::Token => return,
            Operation::StartSubscription => {
                if !request.has_content_length {
                    note("POST without Content-Length");
                }
                if !request.body.is_empty() {
                    note("subscription start with a body (a webhook?)");
                }
            }
            Operation::ListSubscriptions | Operation::ListContent | Operation::FetchContent => {}
        }
        match request.parameters("publisheridentifier").as_slice() {
            [] => note("missing PublisherIdentifier"),
            [publisher] if Uuid::try_parse(publisher).is_err() => note("PublisherIdentifier is not a GUID"),
            [_] => {}
            [_, _, ..] => note("more than one PublisherIdentifier"),
        }
    }
}
