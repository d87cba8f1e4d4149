//! What each call of a port costs, in the units that AWS bills: the one place that knows what the adapters do with a call.
//!
//! Billing rules: DynamoDB bills a write unit per KB of a row, twice that in a transaction, and a read unit per 4 KB, since all
//! reads are consistent; per row where rows are read by their keys, per sum of its rows for a Query; each at least one. SQS bills a
//! request per 64 KB. Retries after errors of AWS are not counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Sub;
use std::rc::Rc;

use collector::content::ContentDigest;
use testkit::PortCall;

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    Poller,
    Fetcher,
    Reconciler,
}

/// What is counted. All but the first four and the last are units on AWS's bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A window is listed at Microsoft.
    Listing,
    /// A message is sent.
    Message,
    /// A row of a window is written.
    WindowRow,
    /// A byte of these rows, as DynamoDB stores it.
    WindowByte,
    /// A function is invoked.
    Invocation,
    DynamoDbWrite,
    DynamoDbRead,
    /// A write unit of the lease of a run.
    LeaseWrite,
    SqsRequest,
    S3Put,
    S3List,
    SecretsManagerCall,
    /// A call that only a fault causes: its cost is not computed.
    OnlyAfterAFault,
}

/// How many units of each kind each function used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(Function, Unit), u64>);

impl Counts {
    #[must_use]
    pub fn of(&self, function: Function, unit: Unit) -> u64 {
        self.0.get(&(function, unit)).copied().unwrap_or_default()
    }

    /// By all functions.
    #[must_use]
    pub fn all(&self, unit: Unit) -> u64 {
        self.0.iter().filter(|((_, counted), _)| *counted == unit).map(|(_, count)| count).sum()
    }

    /// So many times as many.
    #[must_use]
    pub fn times(&self, factor: u64) -> Self {
        Self(self.0.iter().map(|(counted, count)| (*counted, count * factor)).collect())
    }

    /// What was counted of one function stands for so many times as much.
    pub(super) fn scale(&mut self, function: Function, factor: u64) {
        self.0.iter_mut().filter(|((by, _), _)| *by == function).for_each(|(_, count)| *count *= factor);
    }

    fn add(&mut self, function: Function, (unit, count): (Unit, u64)) {
        *self.0.entry((function, unit)).or_default() += count;
    }
}

/// What was counted since `before`.
impl Sub<&Counts> for &Counts {
    type Output = Counts;

    fn sub(self, before: &Counts) -> Counts {
        let since = |(counted, count): (&(Function, Unit), &u64)| (*counted, count - before.of(counted.0, counted.1));
        Counts(self.0.iter().map(since).collect())
    }
}

/// Counts what one function does. Clones count into the same [`Counts`].
#[derive(Debug, Clone)]
pub(super) struct Meter {
    function: Function,
    counts: Rc<RefCell<Counts>>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { function: Function::Poller, counts: Rc::default() }
    }

    /// The same counts, for calls of `function`.
    pub(super) fn of(&self, function: Function) -> Self {
        Self { function, counts: Rc::clone(&self.counts) }
    }

    pub(super) fn count(&self, units: (Unit, u64)) {
        self.counts.borrow_mut().add(self.function, units);
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.borrow().clone()
    }
}

/// The units of a call that passes through the interceptor. The model's own ports count theirs with the functions below: an
/// interceptor does not see how much a call returns.
pub(super) fn of_call(call: PortCall<'_>) -> Option<(Unit, u64)> {
    match call {
        PortCall::List(..) => Some((Unit::Listing, 1)),
        // `DynamoDbLeases::acquire` and `release`: an UpdateItem. Once in a run, as all of the stack.
        PortCall::AcquireLease | PortCall::ReleaseLease => Some((Unit::LeaseWrite, 1)),
        // `DynamoDbState::feeds`: BatchGetItem with the rows `cursor` and `subscription` of each feed.
        PortCall::Feeds(feeds) => Some((Unit::DynamoDbRead, 2 * feeds.len() as u64)),
        // `DynamoDbState::record_window`, and `move_cursor` without rows: an UpdateItem. The rows of a move are added later, because
        // the call does not tell them: see `transaction`.
        PortCall::RecordWindow(_) | PortCall::CommitWindow(_) => Some((Unit::DynamoDbWrite, 1)),
        // `DynamoDbState::open_contents` and `open_counts`: a Query that finds nothing, as long as nothing is open.
        PortCall::OpenContents(_) => Some((Unit::DynamoDbRead, 1)),
        // `DynamoDbState::unprocessed` and `losses`: a Query for spans and one for contents; nothing is lost.
        PortCall::Losses(_) => Some((Unit::DynamoDbRead, 2)),
        // `DynamoDbRateLimiter::reserve` and `book`: an UpdateItem, and a second one if another process was faster. In a burst of
        // fetchers this is the rule: it is counted always. Listings are rarely two at the same moment.
        PortCall::Reserve(_) => Some((Unit::DynamoDbWrite, 2)),
        PortCall::Charge(_) => Some((Unit::DynamoDbWrite, 1)),
        // `DynamoDbRateLimiter::reduced_at`: a GetItem, eventually consistent, which is half a unit.
        PortCall::ReducedAt(_) => Some((Unit::DynamoDbRead, 1)),
        // `SqsQueue::receive` on the dead-letter queue: a ReceiveMessage that finds nothing.
        PortCall::ReceiveDeadLetters => Some((Unit::SqsRequest, 1)),
        PortCall::StartSubscription(_)
        | PortCall::ReplaceWindow(_)
        | PortCall::SaveFailedListings(_)
        | PortCall::PassOver(_)
        | PortCall::Skip(_)
        | PortCall::SaveSubscription(_)
        | PortCall::PutOpen(_)
        | PortCall::RemoveOpen(_)
        | PortCall::RecordLoss(_)
        | PortCall::MarkReported(_)
        | PortCall::MarkProcessed(_)
        | PortCall::RemoveDeadLetter
        | PortCall::OnThrottled(_) => Some((Unit::OnlyAfterAFault, 1)),
        // Microsoft's side costs time only, and the others belong to the model's own ports.
        // With several shards, `other_runs` is one more UpdateItem for each other shard and run.
        PortCall::OtherRuns
        | PortCall::Subscriptions(_)
        | PortCall::Page(_)
        | PortCall::Open(_)
        | PortCall::ReadBlob
        | PortCall::AllTenants
        | PortCall::ReadTenant(_)
        | PortCall::Windows(_)
        | PortCall::UpdateWindow(_)
        | PortCall::Rechecks(_)
        | PortCall::SaveRechecks(_)
        | PortCall::Send
        | PortCall::SendOne
        | PortCall::SendDelayed
        | PortCall::Waiting
        | PortCall::ChangeVisibility
        | PortCall::BeginObject
        | PortCall::WriteObject
        | PortCall::StoreObject(_)
        | PortCall::Archived(_)
        | PortCall::StoreReport(_)
        | PortCall::Malformed(_) => None,
    }
}

/// Bytes of a window's row: `window_rows` in `aws-adapters`. Names and values of its attributes count.
pub(super) fn window_row_bytes(contents: u64, hours: u64) -> u64 {
    /// `pk`, `sk`, and all attributes but the two lists; computed for the longest content type.
    const FIXED: u64 = 200;
    /// An instant as text, and a byte for its type.
    const HOUR: u64 = 21;
    FIXED + contents * ContentDigest::BYTES as u64 + hours * HOUR
}

/// `DynamoDbState::move_cursor` with rows of windows: one transaction with a Put of each row and an Update of the cursor. What was
/// counted for the cursor alone is included already.
pub(super) fn transaction(rows: &[u64]) -> (Unit, u64) {
    const CURSOR: u64 = 1;
    let units: u64 = rows.iter().map(|bytes| kilobytes(*bytes)).sum();
    (Unit::DynamoDbWrite, 2 * (units + CURSOR) - CURSOR)
}

/// `DynamoDbState::update_window` and `save_rechecks`: a PutItem.
pub(super) fn put_item(bytes: u64) -> (Unit, u64) {
    (Unit::DynamoDbWrite, kilobytes(bytes))
}

/// `DynamoDbState::rechecks`: a BatchGetItem of one row, which has less than 4 KB.
pub(super) const READ_RECHECKS: (Unit, u64) = (Unit::DynamoDbRead, 1);

/// `DynamoDbState::windows` and `window_counts`: a Query. A projection does not make it cheaper.
pub(super) fn query(bytes: u64) -> (Unit, u64) {
    (Unit::DynamoDbRead, bytes.div_ceil(4 * 1_024).max(1))
}

/// `SqsQueue::send` and `send_delayed`, where it is given bodies of these lengths: SendMessageBatch with up to ten messages.
pub(super) fn send(bodies: &[u64]) -> (Unit, u64) {
    const BATCH: usize = 10;
    let requests = |batch: &[u64]| batch.iter().sum::<u64>().div_ceil(64 * 1_024).max(1);
    (Unit::SqsRequest, bodies.chunks(BATCH).map(requests).sum())
}

/// `SqsQueue::waiting` and `change_visibility`.
pub(super) const SQS_REQUEST: (Unit, u64) = (Unit::SqsRequest, 1);

/// Lambda receives a batch of messages and deletes it.
pub(super) const RECEIVE_AND_DELETE_BATCH: (Unit, u64) = (Unit::SqsRequest, 2);

/// `SecretsManagerTenants::all`: ListSecrets, 100 in a page. BatchGetSecretValue follows only for secrets that are new or have
/// changed since this process read them, which is not counted.
pub(super) fn list_secrets(tenants: u64) -> (Unit, u64) {
    (Unit::SecretsManagerCall, tenants.div_ceil(100).max(1))
}

/// `SecretsManagerTenants::one`, unless it is cached: GetSecretValue.
pub(super) const READ_SECRET: (Unit, u64) = (Unit::SecretsManagerCall, 1);

/// `S3Object::store` of up to 8 MiB, and `S3Archive::store_report`: PutObject.
pub(super) const PUT_OBJECT: (Unit, u64) = (Unit::S3Put, 1);

/// `S3Archive::archived`: ListObjectsV2, 1,000 keys in a page.
pub(super) fn list_objects(objects: u64) -> (Unit, u64) {
    (Unit::S3List, objects.div_ceil(1_000).max(1))
}

fn kilobytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_024).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_billed_by_their_size() {
        assert_eq!(window_row_bytes(0, 0), 200);
        assert_eq!(window_row_bytes(83, 1), 1_549);
        // An empty span and a window of 83 contents: 1 and 2 KB; with the cursor 4 KB, twice, of which one was counted before.
        assert_eq!(transaction(&[200, 1_549]), (Unit::DynamoDbWrite, 7));
        assert_eq!(put_item(1_025), (Unit::DynamoDbWrite, 2));
        assert_eq!(query(0), (Unit::DynamoDbRead, 1));
        assert_eq!(query(4_097), (Unit::DynamoDbRead, 2));
    }

    #[test]
    fn batches_and_pages_are_rounded_up() {
        assert_eq!(send(&[]), (Unit::SqsRequest, 0));
        assert_eq!(send(&[700; 21]), (Unit::SqsRequest, 3));
        assert_eq!(send(&[10_000; 10]), (Unit::SqsRequest, 2));
        assert_eq!(list_secrets(1), (Unit::SecretsManagerCall, 1));
        assert_eq!(list_secrets(1_000), (Unit::SecretsManagerCall, 10));
        assert_eq!(list_objects(1_001), (Unit::S3List, 2));
    }
}
