//! Runs the seeds on all cores and adds up their figures.

use std::collections::BTreeMap;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::check_result::CheckResult;
use crate::figures::CampaignFigures;
use crate::simulation::Simulation;

struct Outcome {
    figures: CampaignFigures,
    problems: Vec<String>,
    event_log: Vec<String>,
}

/// Runs one seed (`CHAOS_SEED`), or as many as `CHAOS_SEEDS` says, and prints the figures.
///
/// # Panics
///
/// If a seed fails, after all have run.
pub fn run() {
    const DEFAULT_SEEDS: u64 = 10;
    let number = |name: &str| env::var(name).ok().map(|text| text.trim().parse::<u64>().expect("a whole number"));
    if let Some(seed) = number("CHAOS_SEED") {
        let outcome = run_seed(seed);
        println!("{}\n\n{}", outcome.event_log.join("\n"), outcome.figures);
        assert!(outcome.problems.is_empty(), "seed {seed}:\n  {}", outcome.problems.join("\n  "));
        return;
    }
    let seeds = number("CHAOS_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let started = Instant::now();
    let (total, failed) = run_seeds(seeds);
    println!("\n{total}\n{:>10.1?}  wall time", started.elapsed());
    for (seed, problems) in &failed {
        let shown = problems.iter().take(5).cloned().collect::<Vec<_>>().join("\n  ");
        println!(
            "\nseed {seed} failed with {} problems; reproduce with: CHAOS_SEED={seed} make chaos\n  {shown}",
            problems.len()
        );
    }
    let failed_seeds: Vec<_> = failed.keys().collect();
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {failed_seeds:?}", failed.len());
}

fn run_seeds(seeds: u64) -> (CampaignFigures, BTreeMap<u64, Vec<String>>) {
    let next = AtomicU64::new(1);
    let totals = Mutex::new((CampaignFigures::default(), BTreeMap::new()));
    let worker = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > seeds {
            return;
        }
        let outcome = run_seed(seed);
        let (total, failed) = &mut *totals.lock().unwrap();
        total.add(&outcome.figures);
        if !outcome.problems.is_empty() {
            failed.insert(seed, outcome.problems);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    totals.into_inner().unwrap()
}

/// Runs a seed on its own runtime. A panic or a timeout counts as a problem of that seed, so that the others still run.
fn run_seed(seed: u64) -> Outcome {
    const WALL_CLOCK_LIMIT: Duration = Duration::from_secs(300);
    let failed = |problem: &str| Outcome {
        figures: CampaignFigures::default(),
        problems: vec![problem.to_owned()],
        event_log: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let simulation = || runtime.block_on(async { tokio::time::timeout(WALL_CLOCK_LIMIT, simulate(seed)).await });
    match catch_unwind(AssertUnwindSafe(simulation)) {
        Ok(Ok((result, event_log))) => Outcome { figures: result.figures, problems: result.problems, event_log },
        Ok(Err(_)) => failed("the simulation timed out"),
        Err(_) => failed("the simulation panicked; see the message above"),
    }
}

/// Returns the result of the check and the event log.
async fn simulate(seed: u64) -> (CheckResult, Vec<String>) {
    let simulation = Simulation::start(seed).await;
    simulation.run_with_faults().await;
    simulation.stop_faults();
    let result = simulation.run_until_quiescent().await;
    (result, simulation.event_log.take())
}
