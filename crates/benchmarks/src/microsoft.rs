//! A simulated Microsoft in a process of its own, so that its CPU time and memory do not count.

use std::process::Stdio;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use management_api_simulator::{
    Aggregation, CONTENT_TYPES, Clock, Config, Fault, FaultKind, Match, Simulator, Slice, Tenant,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What the parent process asks for, one JSON object a line. Each is answered with a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Sets the clock this far ahead of the machine's.
    SetOffset { seconds: i64 },
    /// Delays every response, and those of the first `hanging` tenants for an hour.
    Delay { milliseconds: u64, hanging: u32 },
    /// Lets each tenant publish so many contents an hour, over all content types.
    Publish { from: Timestamp, to: Timestamp, per_hour: u32 },
}

/// Serves `tenants` tenants until standard input ends. The first line that it prints is its address.
///
/// # Errors
/// If standard input or output cannot be used.
pub async fn serve(tenants: u32) -> std::io::Result<()> {
    let throttle = management_api_simulator::Throttle { requests_per_minute: None, ..Default::default() };
    let aggregation = Aggregation { at_most: 1, ..Aggregation::default() };
    let config = Config { clock: Clock::Offset(SignedDuration::ZERO), throttle, aggregation, ..Config::default() };
    let microsoft = Simulator::start(config).await?;
    for number in 1..=tenants {
        microsoft.add_tenant(Tenant::example(number).subscribed());
    }
    answer(&microsoft.url()).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Request::SetOffset { seconds } => microsoft.set_clock(Clock::Offset(SignedDuration::from_secs(seconds))),
            Request::Delay { milliseconds, hanging } => delay(&microsoft, milliseconds, hanging),
            Request::Publish { from, to, per_hour } => {
                (1..=tenants).for_each(|number| publish(&microsoft, number, from, to, per_hour));
            }
        }
        answer("done").await?;
    }
    Ok(())
}

async fn answer(line: &str) -> std::io::Result<()> {
    let mut out = tokio::io::stdout();
    out.write_all(format!("{line}\n").as_bytes()).await?;
    out.flush().await
}

fn delay(microsoft: &Simulator, milliseconds: u64, hanging: u32) {
    const HOUR: Duration = Duration::from_secs(3_600);
    microsoft.clear_faults();
    for number in 1..=hanging {
        let tenant = Tenant::example(number).id;
        microsoft.inject(Fault::new(Match::any().tenant(tenant), FaultKind::StallHead(HOUR)).always());
    }
    if milliseconds > 0 {
        let stall = FaultKind::StallHead(Duration::from_millis(milliseconds));
        microsoft.inject(Fault::new(Match::any(), stall).always());
    }
}

/// Evenly, each content of another type than the one before it.
fn publish(microsoft: &Simulator, number: u32, from: Timestamp, to: Timestamp, per_hour: u32) {
    let interval = SignedDuration::from_hours(1) / i32::try_from(per_hour).unwrap();
    let offset = SignedDuration::from_millis(i64::from(number) * 977 % interval.as_millis() as i64);
    let mut created = from + offset;
    let mut content_types = CONTENT_TYPES.iter().cycle();
    while created < to {
        let record = format!(r#"{{"Id":"{number} {created}"}}"#);
        let content_type = content_types.next().unwrap();
        microsoft.publish_slice(Tenant::example(number).id, content_type, Slice::new(created, [record]));
        created += interval;
    }
}

/// The other side: the process that serves.
#[derive(Debug)]
pub struct Microsoft {
    pub url: String,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Microsoft {
    /// Starts this program again, with these arguments.
    ///
    /// # Panics
    /// If it does not start, here and below.
    pub async fn start(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let requests = process.stdin.take().unwrap();
        let mut answers = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = answers.next_line().await.unwrap().expect("the address of the simulator");
        Self { url, requests, answers, _process: process }
    }

    pub async fn request(&mut self, request: Request) {
        let line = serde_json::to_string(&request).unwrap();
        self.requests.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.answers.next_line().await.unwrap().expect("an answer of the simulator");
    }
}
