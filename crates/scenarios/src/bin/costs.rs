//! `make costs`: what the collector costs per tenant and day, and what an outage of the fetchers costs, in simulated time.
#![allow(clippy::print_stdout, reason = "a program that prints tables")]

use collector::feed::ContentType;
use collector::ports::Clock;
use futures::executor::block_on;
use jiff::SignedDuration;
use scenarios::cost_model::{CostModel, Publishing};

const POLLS_PER_HOUR: u32 = 12;
const POLLS_PER_DAY: u32 = 24 * POLLS_PER_HOUR;

fn main() {
    block_on(async {
        println!("One tenant with five content types, the eighth day:\n");
        println!(
            "| what is published | listing calls a day | DynamoDB write units a day | rows a day | S3 LIST a day |"
        );
        println!("|---|---:|---:|---:|---:|");
        day("nothing", Publishing::Nothing).await;
        day("10 contents an hour", Publishing::PerHour(10)).await;
        day("a content in each 5 minutes of each type", Publishing::InEachWindow).await;
        println!("\nThe fetchers stand still, and then archive 1,860 contents a minute; 5,000 contents an hour:\n");
        println!("| stop | contents | messages per content | caught up after the restart | lost |");
        println!("|---|---:|---:|---:|---:|");
        for hours in [6, 24, 48, 72] {
            outage(hours).await;
        }
    });
}

/// The eighth day, so that windows are rechecked at all ages.
async fn day(name: &str, publishing: Publishing) {
    let model = CostModel::new(&ContentType::ALL, publishing);
    for _ in 0..7 * POLLS_PER_DAY {
        model.next_poll().await;
        model.fetch(usize::MAX).await;
    }
    let (before, since) = (model.calls(), model.clock.now() + SignedDuration::from_secs(1));
    let polled = u64::from(POLLS_PER_DAY) * ContentType::ALL.len() as u64;
    for _ in 0..POLLS_PER_DAY {
        model.next_poll().await;
        model.fetch(usize::MAX).await;
    }
    let after = model.calls();
    println!(
        "| {name} | {} for rechecks, and {polled} polls | {} | {} | {} |",
        after.listings - before.listings - polled,
        model.write_units(before, since),
        model.rows_since(since),
        after.s3_lists - before.s3_lists
    );
}

async fn outage(hours: u32) {
    const FETCHED_BETWEEN_POLLS: usize = 5 * 1_860;
    const MOST_HOURS: u32 = 48;
    let model = CostModel::new(&[ContentType::Exchange], Publishing::EvenlyPerHour(5_000));
    for _ in 0..2 * POLLS_PER_HOUR {
        model.next_poll().await;
        model.fetch(FETCHED_BETWEEN_POLLS).await;
    }
    for _ in 0..hours * POLLS_PER_HOUR {
        model.next_poll().await;
    }
    let mut polls = 0;
    while model.waiting() > 0 || polls == 0 {
        model.next_poll().await;
        model.fetch(FETCHED_BETWEEN_POLLS).await;
        polls += 1;
        assert!(polls < MOST_HOURS * POLLS_PER_HOUR, "the queue does not become empty");
    }
    let caught_up = SignedDuration::from_mins(5 * i64::from(polls));
    // Until nothing is open and nothing could be repeated any more.
    for _ in 0..24 * POLLS_PER_HOUR {
        model.next_poll().await;
        model.fetch(FETCHED_BETWEEN_POLLS).await;
    }
    let contents = model.archived();
    println!(
        "| {hours} h | {contents} | {:.3} | {caught_up:#} | {} |",
        model.sent() as f64 / contents as f64,
        model.state.losses().len()
    );
}
