//! Dead letters are not a grave: once their cause is gone, they go back to the fetchers.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{DeadLetterReport, Reconcile};
use crate::failure::Failure;
use crate::feed::TenantId;
use crate::loss::Loss;
use crate::message::ContentMessage;
use crate::ports::{
    ArchiveIndex, Clock, DeadLetters, Freshness, Losses, MalformedBodies, ManagementApi, Ports, Queue, Tenants,
};

/// Bounded work: what is left is left to the next run.
const MOST_ROUNDS: usize = 50;

impl<P: Ports> Reconcile<P> {
    /// Sends back what can be fetched now. A message leaves the dead-letter queue only after its copy is in the queue,
    /// its object was seen, or its loss is on record.
    pub(super) async fn redrive_dead_letters(&self, deadline: Timestamp) -> DeadLetterReport {
        let mut report = DeadLetterReport::default();
        // Whether a tenant can be collected is asked once a run, by the cheapest call there is.
        let mut collectable = HashMap::new();
        for _ in 0..MOST_ROUNDS {
            if self.clock.now() >= deadline - self.policy.limits.stop_before {
                break;
            }
            let messages = match self.dead_letters.receive().await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => messages,
                Err(failure) => {
                    report.error = Some(failure);
                    break;
                }
            };
            for (receipt, body) in messages {
                if let Err(failure) = self.redrive(receipt, &body, &mut collectable, &mut report).await {
                    report.error = Some(failure);
                }
            }
        }
        report
    }

    async fn redrive(
        &self,
        receipt: <P::DeadLetters as DeadLetters>::Receipt,
        body: &str,
        collectable: &mut HashMap<String, Option<TenantId>>,
        report: &mut DeadLetterReport,
    ) -> Result<(), Failure> {
        let Ok(message) = ContentMessage::parse(body) else {
            report.kept += 1;
            return Ok(());
        };
        let archived = self.archive.archived(message.feed(), message.content_created).await?;
        if archived.contains(&message.digest()) {
            report.archived_meanwhile += 1;
        } else if message.content_expiration <= self.clock.now() {
            let malformed = self.archive.malformed(message.feed(), message.digest(), message.content_created).await?;
            let window = (message.window_start, message.window_end);
            let loss = Loss::of_content(window, message.content_id.clone(), malformed);
            self.losses.record_loss(message.feed(), &loss).await?;
            report.lost += 1;
        } else if self.collectable(&message.secret_id, collectable).await == Some(message.tenant_id) {
            self.queue.send(std::slice::from_ref(&message)).await?;
            report.redriven += 1;
        } else {
            report.kept += 1;
            return Ok(());
        }
        self.dead_letters.remove(receipt).await
    }

    /// The tenant that can be collected with this secret, if one can.
    async fn collectable(&self, secret_id: &str, known: &mut HashMap<String, Option<TenantId>>) -> Option<TenantId> {
        if let Some(known) = known.get(secret_id) {
            return *known;
        }
        let answer = match self.tenants.one(secret_id, Freshness::Fresh).await {
            Ok(tenant) => self.management_api.enabled_subscriptions(&tenant).await.ok().map(|_| tenant.id),
            Err(_) => None,
        };
        known.insert(secret_id.to_owned(), answer);
        answer
    }
}
