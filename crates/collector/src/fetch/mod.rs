//! A batch of queue messages: the content blob that each names goes from Microsoft into the archive.

mod admission;
mod malformed;
mod outcome;
mod retry;

use futures::pin_mut;
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use record_stream::RecordStream;

pub use self::outcome::{Archived, FetchOutcome};

use self::retry::{backoff, throttle_delay};
use crate::failure::{Disposition, Failure, FailureKind};
use crate::limiter_calls::slow_down;
use crate::loss::Loss;
use crate::loss_reporting::mark_reported;
use crate::message::ContentMessage;
use crate::ports::{
    Archive, ArchiveObject, DelayedCopy, Freshness, Jitter, Losses, MalformedBodies, ManagementApi, ObjectMetadata,
    Ports, Queue, Tenants,
};
use crate::tenant::Tenant;
use crate::time_limit::until;

/// Messages of a batch in flight at once: each holds a connection and up to some 10 MB.
const CONCURRENCY: usize = 10;

/// How long after the deadline the visibility of a message may still be changed: less than what a function reserves for its
/// response.
const GRACE: SignedDuration = SignedDuration::from_secs(2);

/// From this receive on, a message that fails goes to the dead-letter queue: the template's `maxReceiveCount`.
pub const LAST_RECEIVE: u32 = 10;

/// The use case of the fetcher.
pub struct Fetch<P: Ports> {
    pub tenants: P::Tenants,
    pub management_api: P::ManagementApi,
    pub losses: P::Losses,
    pub queue: P::Queue,
    pub archive: P::Archive,
    pub rate_limiter: P::RateLimiter,
    pub clock: P::Clock,
    pub jitter: P::Jitter,
}

/// One queue message, as it was received.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delivery<'a> {
    /// The message's id, for the log.
    pub id: Option<&'a str>,
    pub body: &'a str,
    /// Which receive this is, from 1.
    pub receive_count: u32,
    /// What the queue calls this receive; without it the visibility cannot be changed.
    pub receipt: Option<&'a str>,
    /// When this message, or copy, was sent.
    pub sent_at: Option<Timestamp>,
    /// The instant for which its request is reserved.
    pub slot: Option<Timestamp>,
}

impl Delivery<'_> {
    fn is_last_receive(&self) -> bool {
        self.receive_count >= LAST_RECEIVE
    }
}

impl<P: Ports> Fetch<P> {
    /// Archives the content that each message of a batch names. `log` is called once for each message, as soon as its
    /// outcome is known; losses are marked as reported after that. The outcomes are in the order of the batch.
    ///
    /// A message that is not done at `deadline` fails; what was written of its object is dropped.
    pub async fn run_batch(
        &self,
        batch: &[Delivery<'_>],
        deadline: Timestamp,
        log: impl Fn(&Delivery<'_>, &FetchOutcome),
    ) -> Vec<FetchOutcome> {
        let messages: Vec<_> = batch.iter().map(|delivery| ContentMessage::parse(delivery.body)).collect();
        let admissions = self.admit(batch, &messages, deadline).await;
        let copies: Vec<Option<DelayedCopy<'_>>> = messages
            .iter()
            .zip(admissions)
            .map(|(message, admission)| self.waiting_copy(message.as_ref().ok()?, admission))
            .collect();
        let sent = self.send_copies(&copies, deadline).await;
        let outcomes = batch.iter().zip(&messages).zip(&copies).map(async |((delivery, message), copy)| {
            let mut outcome = match (message, copy) {
                (Err(failure), _) => self.failed(failure.clone(), delivery),
                (Ok(message), Some(copy)) => match &sent {
                    Ok(()) => FetchOutcome::Postponed { failure: rate_limited(message), delay: copy.delay },
                    Err(failure) => self.failed(failure.clone(), delivery),
                },
                (Ok(message), None) => self.run(message, delivery, deadline).await,
            };
            if let FetchOutcome::Failed { retry_in, visibility_error, .. } = &mut outcome
                && let Some(receipt) = delivery.receipt
            {
                let change = self.queue.change_visibility(receipt, *retry_in);
                *visibility_error =
                    until(&self.clock, deadline + GRACE, change).await.unwrap_or_else(|| Err(out_of_time())).err();
            }
            log(delivery, &outcome);
            outcome
        });
        let outcomes: Vec<FetchOutcome> = stream::iter(outcomes).buffered(CONCURRENCY).collect().await;
        let lost = outcomes.iter().filter_map(|outcome| match outcome {
            FetchOutcome::Lost { feed, loss, .. } => Some((*feed, loss)),
            FetchOutcome::Archived(_) | FetchOutcome::Postponed { .. } | FetchOutcome::Failed { .. } => None,
        });
        until(&self.clock, deadline, mark_reported(&self.losses, lost)).await;
        outcomes
    }

    async fn run(&self, message: &ContentMessage, delivery: &Delivery<'_>, deadline: Timestamp) -> FetchOutcome {
        let fetch = async {
            match self.archive(message, delivery).await {
                Ok(archived) => FetchOutcome::Archived(archived),
                Err(failure) => self.dispose(message, delivery, failure).await,
            }
        };
        until(&self.clock, deadline, fetch).await.unwrap_or_else(|| FetchOutcome::Failed {
            failure: out_of_time(),
            retry_in: SignedDuration::from_secs(30),
            visibility_error: None,
        })
    }

    /// With the cached secret first; rejected credentials may have been rotated, so then with the secret as it is now.
    async fn archive(&self, message: &ContentMessage, delivery: &Delivery<'_>) -> Result<Archived, Failure> {
        let tenant = self.tenants.one(&message.secret_id, Freshness::Cached).await?;
        match self.archive_as(&tenant, message, delivery).await {
            Err(rejected) if matches!(rejected.kind, FailureKind::CredentialsRejected | FailureKind::Permission) => {
                let current = self.tenants.one(&message.secret_id, Freshness::Fresh).await?;
                if current == tenant { Err(rejected) } else { self.archive_as(&current, message, delivery).await }
            }
            done => done,
        }
    }

    async fn archive_as(
        &self,
        tenant: &Tenant,
        message: &ContentMessage,
        delivery: &Delivery<'_>,
    ) -> Result<Archived, Failure> {
        if tenant.id != message.tenant_id {
            let problem = format!("secret {} belongs to another tenant than the message", message.secret_id);
            return Err(Failure::new(FailureKind::InvalidMessage, problem));
        }
        match self.stream(tenant, message, delivery).await {
            Err(failure) if failure.kind == FailureKind::MalformedBody && delivery.is_last_receive() => {
                // Not lost yet: Microsoft may still send a good body. But this one may be the last.
                Err(match self.store_malformed(tenant, message, &failure).await {
                    Ok(folder) => failure.context(format_args!("what Microsoft sent is stored below {folder}")),
                    Err(other) => failure.context(format_args!("what Microsoft sent could not be stored ({other:#})")),
                })
            }
            done => done,
        }
    }

    async fn stream(
        &self,
        tenant: &Tenant,
        message: &ContentMessage,
        delivery: &Delivery<'_>,
    ) -> Result<Archived, Failure> {
        let blob = self.management_api.open(tenant, &message.content_uri).await?;
        pin_mut!(blob);
        let mut records = RecordStream::new();
        let mut object = self.archive.begin().await?;
        while let Some(bytes) = blob.next().await {
            let compressed = records.push(&bytes?).map_err(malformed)?;
            object.write(&compressed).await?;
        }
        let summary = records.finish().map_err(malformed)?;
        if summary.records == 0 && !delivery.is_last_receive() {
            // The first whole object stands, so an empty one must not be stored too early.
            let problem = "the body is an empty array; it is fetched again, in case Microsoft has more";
            return Err(Failure::new(FailureKind::Transient, problem));
        }
        object.write(&summary.tail).await?;
        object.store(&message.archive_key(), &ObjectMetadata::of(message, summary.records)).await?;
        Ok(Archived { records: summary.records, bytes_in: summary.bytes_in, bytes_out: summary.bytes_out })
    }

    /// What becomes of a message whose content was not archived.
    async fn dispose(&self, message: &ContentMessage, delivery: &Delivery<'_>, failure: Failure) -> FetchOutcome {
        let failure = named(message, failure);
        if failure.kind == FailureKind::Throttled {
            slow_down(&self.rate_limiter, &self.clock, message.tenant_id, failure.retry_after).await;
        }
        let done = match failure.kind.disposition(delivery.is_last_receive()) {
            Disposition::Postpone => self.postpone(message, failure).await,
            Disposition::GiveUp => self.give_up(message, failure).await,
            Disposition::Retry => Err(failure),
        };
        done.unwrap_or_else(|failure| self.failed(failure, delivery))
    }

    /// A copy is in the queue before this message is deleted: a throttled tenant must not use up its receives.
    async fn postpone(&self, message: &ContentMessage, failure: Failure) -> Result<FetchOutcome, Failure> {
        let Some(delay) = throttle_delay(failure.retry_after, self.jitter.sample()) else { return Err(failure) };
        self.queue.send_delayed(&[DelayedCopy { message, delay, slot: None }]).await?;
        Ok(FetchOutcome::Postponed { failure, delay })
    }

    async fn send_copies(&self, copies: &[Option<DelayedCopy<'_>>], deadline: Timestamp) -> Result<(), Failure> {
        let copies: Vec<DelayedCopy<'_>> = copies.iter().flatten().copied().collect();
        if copies.is_empty() {
            return Ok(());
        }
        until(&self.clock, deadline, self.queue.send_delayed(&copies)).await.unwrap_or_else(|| Err(out_of_time()))
    }

    async fn give_up(&self, message: &ContentMessage, failure: Failure) -> Result<FetchOutcome, Failure> {
        let (feed, created) = (message.feed(), message.content_created);
        let malformed = self.archive.malformed(feed, message.digest(), created).await?;
        let window = (message.window_start, message.window_end);
        let loss = Loss::of_content(window, message.content_id.clone(), malformed);
        self.losses.record_loss(feed, &loss).await?;
        Ok(FetchOutcome::Lost { feed, loss, failure })
    }

    fn failed(&self, failure: Failure, delivery: &Delivery<'_>) -> FetchOutcome {
        let backoff = backoff(delivery.receive_count, self.jitter.sample());
        let retry_in = backoff.max(failure.retry_after.unwrap_or_default());
        FetchOutcome::Failed { failure, retry_in, visibility_error: None }
    }
}

/// With the content and its tenant before the message.
fn named(message: &ContentMessage, failure: Failure) -> Failure {
    let ContentMessage { content_id, tenant_id, content_type, .. } = message;
    failure.context(format_args!("content {content_id} of tenant {tenant_id}, {content_type}"))
}

fn rate_limited(message: &ContentMessage) -> Failure {
    named(message, Failure::new(FailureKind::RateLimited, "the tenant's request rate is used up for now"))
}

fn out_of_time() -> Failure {
    let problem = "the function's time was over before the content was archived; it is tried again";
    Failure::new(FailureKind::Transient, problem)
}

fn malformed(malformed: record_stream::Malformed) -> Failure {
    Failure::new(FailureKind::MalformedBody, "the body is not a complete JSON array of records").caused_by(malformed)
}
