//! What the template says of its queues, so that the queues in memory cannot drift from it.

use jiff::SignedDuration;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The numbers behind `key`, in the order in which they stand in the template.
fn numbers(key: &str) -> Vec<u32> {
    let values = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
    values.filter_map(|value| value.split_whitespace().next()?.parse().ok()).collect()
}

/// The fetch queue comes first in the template, its dead-letter queue second.
fn seconds(key: &str, queue: usize) -> SignedDuration {
    SignedDuration::from_secs(numbers(key)[queue].into())
}

pub(crate) fn max_receive_count() -> u32 {
    numbers("maxReceiveCount")[0]
}

pub(crate) fn visibility_timeout() -> SignedDuration {
    seconds("VisibilityTimeout", 0)
}

pub(crate) fn dead_letter_visibility_timeout() -> SignedDuration {
    seconds("VisibilityTimeout", 1)
}

pub(crate) fn retention() -> SignedDuration {
    seconds("MessageRetentionPeriod", 0)
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
