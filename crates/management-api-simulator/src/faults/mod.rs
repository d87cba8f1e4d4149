//! Scripted faults: what shall go wrong, where, and how often.

pub(crate) mod apply;
pub(crate) mod kind;
pub(crate) mod random;

use std::fmt;

use uuid::Uuid;

use crate::{
    faults::kind::{FaultKind, Target},
    http::route::{Operation, Subject},
};

/// Something that shall go wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which calls it waits for.
    pub on: Match,
    /// How many of those calls pass untouched first.
    pub skip: u64,
    /// How many calls it then meets.
    pub times: u64,
    /// What happens to them.
    pub what: FaultKind,
}

impl Fault {
    /// Meets the first matching call, once.
    pub fn new(on: Match, what: FaultKind) -> Self {
        Fault { on, skip: 0, times: 1, what }
    }

    /// Lets `count` matching calls pass first, whatever else happens to them.
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Meets so many calls.
    pub fn times(mut self, count: u64) -> Self {
        self.times = count;
        self
    }

    /// Meets every matching call from then on.
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }
}

/// Which calls a fault waits for: all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// The operation.
    pub operation: Option<Operation>,
    /// The tenant in the path.
    pub tenant: Option<Uuid>,
    /// The content type asked for; for blobs the one of the content id.
    pub content_type: Option<String>,
    /// A part of the content id of a blob.
    pub content_id: Option<String>,
}

impl Match {
    /// Every call.
    pub fn any() -> Self {
        Match::default()
    }

    /// Every call of this operation.
    pub fn operation(operation: Operation) -> Self {
        Match { operation: Some(operation), ..Match::default() }
    }

    /// And of this tenant.
    pub fn tenant(mut self, tenant: Uuid) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// And for this content type.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// And for a blob whose id contains this.
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

/// The faults that wait for their calls, in the order they were given.
#[derive(Debug, Default)]
pub(crate) struct ScriptedFaults {
    scripted: Vec<ScriptedFault>,
}

#[derive(Debug)]
struct ScriptedFault {
    fault: Fault,
    seen: u64,
    injected: u64,
}

impl ScriptedFaults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.scripted.push(ScriptedFault { fault, seen: 0, injected: 0 });
    }

    /// The fault that meets this call: the first given whose turn it is. One call meets at most one.
    pub(crate) fn take(&mut self, subject: &Subject, target: Target) -> Option<FaultKind> {
        let mut injected_kind = None;
        for scripted in &mut self.scripted {
            let fault = &scripted.fault;
            if fault.what.target() != target || !fault.on.matches(subject) {
                continue;
            }
            scripted.seen += 1;
            if injected_kind.is_none() && scripted.seen > fault.skip && scripted.injected < fault.times {
                scripted.injected += 1;
                injected_kind = Some(fault.what.clone());
            }
        }
        injected_kind
    }

    /// Those that no call ran into.
    pub(crate) fn unused(&self) -> Vec<String> {
        self.scripted
            .iter()
            .filter(|scripted| scripted.injected == 0)
            .map(|scripted| scripted.fault.to_string())
            .collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on {:?} (skip {}, times {})", self.what, self.on, self.skip, self.times)
    }
}
