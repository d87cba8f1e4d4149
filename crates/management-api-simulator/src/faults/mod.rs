//! Scripted faults: what goes wrong, for which requests, and how often.

pub(crate) mod apply;
pub(crate) mod content;
pub(crate) mod error_form;
pub(crate) mod kind;
pub(crate) mod random;
pub(crate) mod record_defect;

use std::{collections::HashMap, fmt};

use uuid::Uuid;

use crate::{
    faults::kind::{FaultKind, Target},
    http::route::{Operation, Subject},
};

/// A scripted fault.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The requests it applies to.
    pub on: Match,
    /// How many matching requests are left alone first.
    pub skip: u64,
    /// How many matching requests get the fault after that.
    pub times: u64,
    /// Whether `skip` and `times` count separately for each content id.
    pub for_each_content: bool,
    pub what: FaultKind,
}

impl Fault {
    /// Applies to the first matching request, once.
    pub fn new(on: Match, what: FaultKind) -> Self {
        Fault { on, skip: 0, times: 1, for_each_content: false, what }
    }

    /// Leaves the first `count` matching requests alone, even if they get another fault.
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Applies to `count` requests instead of one.
    pub fn times(mut self, count: u64) -> Self {
        self.times = count;
        self
    }

    /// Counts separately for each content id: the fault applies to the first fetches of every blob.
    pub fn for_each_content(mut self) -> Self {
        self.for_each_content = true;
        self
    }

    /// Applies to every matching request from then on.
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }
}

/// Which requests a fault applies to: every given field must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    pub operation: Option<Operation>,
    /// The tenant in the path.
    pub tenant: Option<Uuid>,
    /// The requested content type; for blobs, the one in the content id.
    pub content_type: Option<String>,
    /// A part of the content id of a blob.
    pub content_id: Option<String>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Match::default()
    }

    /// Every request of this operation.
    pub fn operation(operation: Operation) -> Self {
        Match { operation: Some(operation), ..Match::default() }
    }

    /// Restricts the match to this tenant.
    pub fn tenant(mut self, tenant: Uuid) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// Restricts the match to this content type.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Restricts the match to blobs whose content id contains `part`.
    pub fn content_id(mut self, part: impl Into<String>) -> Self {
        self.content_id = Some(part.into());
        self
    }

    fn matches(&self, subject: &Subject) -> bool {
        self.operation.is_none_or(|operation| operation == subject.operation)
            && self.tenant.is_none_or(|tenant| subject.tenant == Some(tenant))
            && self.content_type.as_ref().is_none_or(|named| subject.content_type.as_ref() == Some(named))
            && self
                .content_id
                .as_ref()
                .is_none_or(|part| subject.content_id.as_ref().is_some_and(|id| id.contains(part)))
    }
}

/// All scripted faults, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct ScriptedFaults {
    scripted: Vec<ScriptedFault>,
}

#[derive(Debug)]
struct ScriptedFault {
    fault: Fault,
    /// By content id if it counts for each content, else under `None`.
    counts: HashMap<Option<String>, Count>,
}

#[derive(Debug, Default)]
struct Count {
    seen: u64,
    injected: u64,
}

impl ScriptedFaults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.scripted.push(ScriptedFault { fault, counts: HashMap::new() });
    }

    /// The fault to inject into this request: the first one that matches and is due. A request gets at most one for each
    /// target, but every matching fault counts the request towards its `skip`.
    pub(crate) fn take(
        &mut self,
        subject: &Subject,
        target: Target,
        is_applicable: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        let mut injected_kind = None;
        for scripted in &mut self.scripted {
            let fault = &scripted.fault;
            if fault.what.target() != target || !fault.on.matches(subject) || !is_applicable(&fault.what) {
                continue;
            }
            let content_id = subject.content_id.clone().filter(|_| fault.for_each_content);
            let count = scripted.counts.entry(content_id).or_default();
            count.seen += 1;
            if injected_kind.is_none() && count.seen > fault.skip && count.injected < fault.times {
                count.injected += 1;
                injected_kind = Some(fault.what.clone());
            }
        }
        injected_kind
    }

    /// Faults that were never injected.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.scripted
            .iter()
            .filter(|scripted| scripted.counts.values().all(|count| count.injected == 0))
            .map(|scripted| scripted.fault.to_string())
            .collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on {:?} (skip {}, times {})", self.what, self.on, self.skip, self.times)
    }
}
