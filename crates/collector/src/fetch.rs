//! One queue message: its content blob goes from Microsoft into the archive.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, pin_mut};
use jiff::SignedDuration;
use record_stream::RecordStream;

use crate::failure::{Disposition, Failure, FailureKind};
use crate::feed::{FeedId, TenantId};
use crate::loss::{Loss, LossReason};
use crate::message::ContentMessage;
use crate::ports::{
    Archive, ArchiveObject, Freshness, Jitter, ManagementApi, ObjectMetadata, Queue, RateLimiter, State, Tenants,
};
use crate::tenant::Tenant;

/// The use case of the fetcher.
#[derive(Debug)]
pub struct Fetch<T, M, S, Q, A, R, D> {
    /// Whose credentials are used.
    pub tenants: T,
    /// Where the content comes from.
    pub management_api: M,
    /// Where losses are kept.
    pub state: S,
    /// Where throttled messages wait.
    pub queue: Q,
    /// Where the content goes.
    pub archive: A,
    /// How fast Microsoft may be asked.
    pub rate_limiter: R,
    /// Spreads the retries.
    pub jitter: D,
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// Its object is in the archive.
    Archived(Archived),
    /// A delayed copy is in the queue; this message is done.
    Postponed {
        /// Why.
        failure: Failure,
        /// Until the copy is delivered.
        delay: SignedDuration,
    },
    /// It can never be fetched; the loss is kept. This message is done.
    Lost {
        /// Whose content it was.
        feed: FeedId,
        /// What is lost.
        loss: Loss,
        /// FaultKind Microsoft said.
        failure: Failure,
    },
    /// It must come back, not before `retry_in`.
    Failed {
        /// Why.
        failure: Failure,
        /// How long it should stay hidden.
        retry_in: SignedDuration,
    },
}

/// The measures of one archived content blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// Audit records in it.
    pub records: u64,
    /// Bytes of JSON received.
    pub bytes_in: u64,
    /// Bytes of gzip stored.
    pub bytes_out: u64,
}

/// Whether a message of a batch may be fetched now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Now,
    /// The tenant's quota is booked out.
    Later,
}

impl<T, M, S, Q, A, R, D> Fetch<T, M, S, Q, A, R, D>
where
    T: Tenants,
    M: ManagementApi,
    S: State,
    Q: Queue,
    A: Archive,
    R: RateLimiter,
    D: Jitter,
{
    /// Books the requests of a batch, once for each tenant in it. Without an answer everything is admitted: the quota
    /// protects from refusals, and a refusal loses nothing.
    pub async fn admit(&self, bodies: &[&str]) -> Vec<Admission> {
        let tenants: Vec<Option<TenantId>> =
            bodies.iter().map(|body| ContentMessage::parse(body).ok().map(|message| message.tenant_id)).collect();
        let mut requests: BTreeMap<TenantId, u32> = BTreeMap::new();
        for tenant_id in tenants.iter().flatten() {
            *requests.entry(*tenant_id).or_default() += 1;
        }
        let mut rate_limited = BTreeSet::new();
        for (tenant_id, requests) in requests {
            if let Ok(false) = self.rate_limiter.try_acquire(tenant_id, requests).await {
                rate_limited.insert(tenant_id);
            }
        }
        let is_exhausted = |tenant_id: &Option<TenantId>| tenant_id.is_some_and(|id| rate_limited.contains(&id));
        tenants.iter().map(|id| if is_exhausted(id) { Admission::Later } else { Admission::Now }).collect()
    }

    /// Archives the content that `body`, a queue message delivered for the `receive_count`th time, names; one that is
    /// admitted later is put off.
    pub async fn run(&self, body: &str, receive_count: u32, admission: Admission) -> FetchOutcome {
        let message = match ContentMessage::parse(body) {
            Ok(message) => message,
            Err(failure) => return self.failed(failure, receive_count),
        };
        let archived = match admission {
            Admission::Now => self.archive(&message).await,
            Admission::Later => Err(Failure::new(FailureKind::RateLimited, "the tenant's request quota is booked out")),
        };
        let failure = match archived {
            Ok(archived) => return FetchOutcome::Archived(archived),
            Err(failure) => failure.context(format_args!(
                "content {} of tenant {}, {}",
                message.content_id, message.tenant_id, message.content_type
            )),
        };
        if failure.kind == FailureKind::Throttled {
            // A refusal that is not noted costs further refusals, no content.
            let _ = self.rate_limiter.on_throttled(message.tenant_id).await;
        }
        let settled = match failure.kind.disposition() {
            Disposition::Postpone => self.postpone(&message, failure).await,
            Disposition::GiveUp => self.give_up(&message, failure).await,
            Disposition::Retry => Err(failure),
        };
        settled.unwrap_or_else(|failure| self.failed(failure, receive_count))
    }

    /// Notes that the loss in `outcome` has been told. A loss that cannot be noted is told again, by the reconciler.
    pub async fn mark_losses_reported(&self, outcome: &FetchOutcome) {
        if let FetchOutcome::Lost { feed, loss, .. } = outcome {
            let _ = self.state.mark_reported(*feed, loss).await;
        }
    }

    /// With the cached secret first; refused credentials may have been rotated, so then with the secret as it is now.
    async fn archive(&self, message: &ContentMessage) -> Result<Archived, Failure> {
        let tenant = self.tenants.one(&message.secret_id, Freshness::Cached).await?;
        match self.archive_as(&tenant, message).await {
            Err(refused) if matches!(refused.kind, FailureKind::CredentialsRejected | FailureKind::Permission) => {
                let current = self.tenants.one(&message.secret_id, Freshness::Fresh).await?;
                if current == tenant { Err(refused) } else { self.archive_as(&current, message).await }
            }
            done => done,
        }
    }

    async fn archive_as(&self, tenant: &Tenant, message: &ContentMessage) -> Result<Archived, Failure> {
        if tenant.id != message.tenant_id {
            let problem = format!("secret {} belongs to another tenant than the message", message.secret_id);
            return Err(Failure::new(FailureKind::InvalidMessage, problem));
        }
        let blob = self.management_api.open(tenant, &message.content_uri).await?;
        pin_mut!(blob);
        let mut records = RecordStream::new();
        let mut object = self.archive.begin().await?;
        while let Some(bytes) = blob.next().await {
            let compressed = records.push(&bytes?).map_err(malformed)?;
            object.write(&compressed).await?;
        }
        let summary = records.finish().map_err(malformed)?;
        object.write(&summary.tail).await?;
        let metadata = ObjectMetadata {
            content_id: message.content_id.clone(),
            content_type: message.content_type,
            content_created: message.content_created,
            tenant_id: message.tenant_id,
            records: summary.records,
        };
        object.store(&message.archive_key(), &metadata).await?;
        Ok(Archived { records: summary.records, bytes_in: summary.bytes_in, bytes_out: summary.bytes_out })
    }

    /// The copy is in the queue before this message goes: a throttled tenant must not use up its receives.
    async fn postpone(&self, message: &ContentMessage, failure: Failure) -> Result<FetchOutcome, Failure> {
        let delay = if failure.kind == FailureKind::RateLimited {
            Some(next_turn(self.jitter.sample()))
        } else {
            postponement(failure.retry_after, self.jitter.sample())
        };
        let Some(delay) = delay else { return Err(failure) };
        self.queue.send_delayed(message, delay).await?;
        Ok(FetchOutcome::Postponed { failure, delay })
    }

    async fn give_up(&self, message: &ContentMessage, failure: Failure) -> Result<FetchOutcome, Failure> {
        let loss = Loss {
            from: message.window_start,
            to: message.window_end,
            reason: LossReason::ContentGone,
            content: Some(message.content_id.clone()),
        };
        self.state.record_loss(message.feed(), &loss).await?;
        Ok(FetchOutcome::Lost { feed: message.feed(), loss, failure })
    }

    fn failed(&self, failure: Failure, receive_count: u32) -> FetchOutcome {
        let retry_in = backoff(receive_count, self.jitter.sample()).max(failure.retry_after.unwrap_or_default());
        FetchOutcome::Failed { failure, retry_in }
    }
}

fn malformed(malformed: record_stream::Malformed) -> Failure {
    Failure::new(FailureKind::Transient, format!("the body is no complete JSON array of records: {malformed}"))
}

/// How long a throttled message waits: at least what the server asked for, at least the minute after which Microsoft's
/// quota is new, and up to as much again so that the copies do not come back together. `None` where the server asks for
/// more than the 15 minutes that SQS can delay.
fn postponement(retry_after: Option<SignedDuration>, sample: f64) -> Option<SignedDuration> {
    const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);
    let least = retry_after.unwrap_or_default().max(SignedDuration::from_mins(1));
    (least <= LONGEST_DELAY).then(|| scale(least, 1.0 + sample).min(LONGEST_DELAY))
}

/// How long a message waits for its tenant's rate_limiter: anywhere in the next minute, so that every second of it finds some.
fn next_turn(sample: f64) -> SignedDuration {
    SignedDuration::from_secs(1) + scale(SignedDuration::from_secs(59), sample)
}

/// How long a failed message stays hidden: half a minute, doubled with each receive up to an hour, more or less a
/// quarter.
fn backoff(receive_count: u32, sample: f64) -> SignedDuration {
    let doublings = receive_count.saturating_sub(1).min(7);
    let seconds = (30_u32 << doublings).min(3_600);
    scale(SignedDuration::from_secs(i64::from(seconds)), 0.75 + sample / 2.0)
}

fn scale(duration: SignedDuration, factor: f64) -> SignedDuration {
    SignedDuration::from_secs_f64(duration.as_secs_f64() * factor)
}
