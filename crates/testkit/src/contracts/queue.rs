//! The contract of `Queue`.

use collector::ports::{DeadLetters, DelayedCopy, Queue};
use jiff::SignedDuration;

use crate::samples::message;

/// Visible and delayed messages wait; those that were received do not, until they are visible again.
pub async fn counts_what_waits<Q: Queue + DeadLetters<Receipt = String>>(queue: &Q) {
    let created = "2026-11-22T10:03:07.123Z";
    let waiting = async || queue.waiting().await.unwrap();
    assert_eq!(waiting().await, 0);
    queue.send(&[message("first", created), message("second", created)]).await.unwrap();
    assert_eq!(waiting().await, 2, "visible");
    let (delayed, delay) = (message("delayed", created), SignedDuration::from_mins(15));
    queue.send_delayed(&[DelayedCopy { message: &delayed, delay, slot: None }]).await.unwrap();
    assert_eq!(waiting().await, 3, "visible or delayed");

    let mut received = Vec::new();
    while received.len() < 2 {
        received.extend(queue.receive().await.unwrap());
    }
    assert_eq!(waiting().await, 1, "delayed; the others are in flight");
    let (receipt, _) = received.remove(0);
    queue.change_visibility(&receipt, SignedDuration::ZERO).await.unwrap();
    assert_eq!(waiting().await, 2, "one is visible again");
}
