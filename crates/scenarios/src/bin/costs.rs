//! `make costs`: writes `docs/costs.md`, and prints what the collector calls per tenant and day, and what an outage of the
//! fetchers costs, for `docs/reliability.md`. With `--check` only whether `docs/costs.md` is up to date. All in simulated time.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints tables")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;
use collector::feed::ContentType;
use futures::executor::block_on;
use jiff::SignedDuration;
use scenarios::cost_model::{
    Assumptions, Billing, CostModel, Function, Page, Prices, Publishing, Tenant, Unit, small_and_large_tenant,
};

const POLLS_PER_HOUR: u32 = 12;

#[derive(Parser)]
struct Arguments {
    /// Writes nothing, and fails if `docs/costs.md` is out of date
    #[arg(long)]
    check: bool,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/costs.md");
    let (small, large) = small_and_large_tenant();
    let billing = Billing { prices: Prices::read(), assumptions: Assumptions::default() };
    let page = Page { billing: &billing, small: &small, large: &large }.markdown();
    if arguments.check {
        let is_current = fs::read_to_string(&path)? == page;
        if !is_current {
            eprintln!("docs/costs.md is not what `make costs` writes: run it and commit");
        }
        return Ok(if is_current { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    fs::write(&path, page)?;
    println!(
        "docs/costs.md is written.\n\nFor docs/reliability.md: one tenant with five content types, the eighth day:\n"
    );
    println!("| what is published | listing calls a day | DynamoDB write units a day | rows a day | S3 LIST a day |");
    println!("|---|---:|---:|---:|---:|");
    block_on(async {
        print_day("nothing", &day(Publishing::Nothing).await);
        print_day("10 contents an hour", &small);
        print_day("a content in each 5 minutes of each type", &day(Publishing::InEachWindow).await);
        println!("\nThe fetchers stand still, and then archive 1,860 contents a minute; 5,000 contents an hour:\n");
        println!("| stop | contents | messages per content | caught up after the restart | lost |");
        println!("|---|---:|---:|---:|---:|");
        for hours in [6, 24, 48, 72] {
            outage(hours).await;
        }
    });
    Ok(ExitCode::SUCCESS)
}

async fn day(publishing: Publishing) -> Tenant {
    let day = CostModel::new(&ContentType::ALL, publishing).eighth_day().await;
    Tenant { day, content_types: ContentType::ALL.len() as u64 }
}

/// Without the fetchers.
fn print_day(name: &str, Tenant { day, .. }: &Tenant) {
    println!(
        "| {name} | {} for rechecks, and {} polls | {} | {} | {} |",
        day.of(Function::Reconciler, Unit::Listing),
        day.of(Function::Poller, Unit::Listing),
        day.of(Function::Poller, Unit::DynamoDbWrite) + day.of(Function::Reconciler, Unit::DynamoDbWrite),
        day.all(Unit::WindowRow),
        day.all(Unit::S3List)
    );
}

async fn outage(hours: u32) {
    const FETCHED_BETWEEN_POLLS: usize = 5 * 1_860;
    const MOST_HOURS: u32 = 48;
    let model = CostModel::new(&[ContentType::Exchange], Publishing::EvenlyPerHour(5_000));
    for _ in 0..2 * POLLS_PER_HOUR {
        model.next_poll().await;
        model.archive(FETCHED_BETWEEN_POLLS);
    }
    for _ in 0..hours * POLLS_PER_HOUR {
        model.next_poll().await;
    }
    let mut polls = 0;
    while model.waiting() > 0 || polls == 0 {
        model.next_poll().await;
        model.archive(FETCHED_BETWEEN_POLLS);
        polls += 1;
        assert!(polls < MOST_HOURS * POLLS_PER_HOUR, "the queue does not become empty");
    }
    let caught_up = SignedDuration::from_mins(5 * i64::from(polls));
    // Until nothing is open and nothing could be repeated any more.
    for _ in 0..24 * POLLS_PER_HOUR {
        model.next_poll().await;
        model.archive(FETCHED_BETWEEN_POLLS);
    }
    let contents = model.archived();
    println!(
        "| {hours} h | {contents} | {:.3} | {caught_up:#} | {} |",
        model.sent() as f64 / contents as f64,
        model.state.losses().len()
    );
}
