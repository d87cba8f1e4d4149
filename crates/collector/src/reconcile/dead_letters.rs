//! Dead letters are evidence: their contents are open, archived meanwhile, or lost.

use std::collections::HashSet;

use super::{DeadLetterReport, Reconcile, Run};
use crate::failure::Failure;
use crate::feed::FeedId;
use crate::loss::Loss;
use crate::message::ContentMessage;
use crate::open_content::OpenContent;
use crate::ports::{Clock, DeadLetters, Losses, MalformedBodies, OpenContents, Ports};

impl<P: Ports> Reconcile<P> {
    /// Takes up dead letters as long as there are any, and time: those of all shards, because all shards receive from one
    /// queue. Returns the feeds whose contents are open again.
    pub(super) async fn reopen_dead_letters(
        &self,
        run: &Run,
        known: &HashSet<FeedId>,
        report: &mut DeadLetterReport,
    ) -> HashSet<FeedId> {
        let mut reopened = HashSet::new();
        while self.is_in_time(run) {
            let messages = match self.dead_letters.receive().await {
                Ok(messages) if messages.is_empty() => break,
                Ok(messages) => messages,
                Err(failure) => {
                    report.error = Some(failure);
                    break;
                }
            };
            for (receipt, body) in messages {
                // What names no known feed stays: nobody would look after its content.
                let message = ContentMessage::parse(&body).ok().filter(|message| known.contains(&message.feed()));
                let taken_up = match message {
                    Some(message) => self.take_up(run, &message, receipt, report).await,
                    None => Ok(None),
                };
                match taken_up {
                    Ok(Some(feed)) => reopened.extend(feed),
                    Ok(None) => report.left += 1,
                    Err(failure) => report.error = Some(failure),
                }
            }
        }
        reopened
    }

    /// Removes the message once its object was seen, its loss is recorded, or its content is on record as open: the result
    /// has its feed then. `None` if none of these is possible.
    async fn take_up(
        &self,
        run: &Run,
        message: &ContentMessage,
        receipt: <P::DeadLetters as DeadLetters>::Receipt,
        report: &mut DeadLetterReport,
    ) -> Result<Option<Option<FeedId>>, Failure> {
        let (feed, now) = (message.feed(), self.clock.now());
        let Some(content) = OpenContent::of_dead_letter(message, now) else { return Ok(None) };
        let mut reopened = None;
        if run.hours.contain(&self.archive, feed, &content.hours, content.digest).await? {
            report.archived_meanwhile += 1;
        } else if content.is_expired(now) {
            let malformed = self.archive.malformed(feed, content.digest, message.content_created).await?;
            let window = (message.window_start, message.window_end);
            self.losses.record_loss(feed, &Loss::of_content(window, content.id(), malformed)).await?;
            report.lost += 1;
        } else {
            // A content that is open already is queued when its next attempt is due.
            self.open_contents.put_open_if_absent(feed, &content).await?;
            report.reopened += 1;
            reopened = Some(feed);
        }
        self.dead_letters.remove(receipt).await?;
        Ok(Some(reopened))
    }
}
