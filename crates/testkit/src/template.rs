//! The settings of the template's queues, so that the queues in memory cannot drift from them.

use std::sync::LazyLock;

use jiff::SignedDuration;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The fetch queue, and behind it its dead-letter queue.
pub(crate) static QUEUES: LazyLock<Queues> = LazyLock::new(|| {
    // In the template the fetch queue comes first, and its dead-letter queue second.
    let seconds = |key: &str, queue: usize| SignedDuration::from_secs(numbers(key)[queue].into());
    Queues {
        max_receive_count: numbers("maxReceiveCount")[0],
        visibility_timeout: seconds("VisibilityTimeout", 0),
        dead_letter_visibility_timeout: seconds("VisibilityTimeout", 1),
        retention: seconds("MessageRetentionPeriod", 0),
    }
});

/// After how many receives a message of the fetch queue becomes a dead letter.
#[must_use]
pub fn max_receive_count() -> u32 {
    QUEUES.max_receive_count
}

#[derive(Debug)]
pub(crate) struct Queues {
    pub(crate) max_receive_count: u32,
    pub(crate) visibility_timeout: SignedDuration,
    pub(crate) dead_letter_visibility_timeout: SignedDuration,
    pub(crate) retention: SignedDuration,
}

/// The numbers after `key`, in the template's order.
fn numbers(key: &str) -> Vec<u32> {
    let values = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
    values.filter_map(|value| value.split_whitespace().next()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_queues_of_the_template() {
        assert_eq!(numbers("maxReceiveCount"), [10]);
        assert_eq!(numbers("VisibilityTimeout"), [1_800, 120]);
        assert_eq!(numbers("MessageRetentionPeriod"), [864_000, 1_209_600]);
    }
}
