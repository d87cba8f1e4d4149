//! One invocation of a function's binary in a process of its own, and what it took.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::runtime_api::{Answer, RuntimeApi};

/// As in template.yaml.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What came of it.
#[derive(Debug)]
pub struct Invocation {
    /// What the function answered.
    pub response: Value,
    /// What it printed, line by line.
    pub logs: String,
    /// From the event to the answer.
    pub took: Duration,
    /// What it used.
    pub usage: Usage,
}

/// What a process has used since its start.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Time on a processor.
    pub processor: Duration,
    /// The most memory that was ever resident, in bytes.
    pub peak_bytes: u64,
}

impl Invocation {
    /// Starts `binary`, with `variables` and the local AWS in its environment, and gives it `event`.
    ///
    /// # Errors
    /// If it does not start, ends, answers with an error or not in time: with what it printed.
    pub async fn of(binary: &Path, event: &Value, variables: &[(&str, &str)]) -> Result<Self, Box<dyn Error>> {
        let mut runtime_api = RuntimeApi::serve(event.to_string(), TIMEOUT).await?;
        let mut logs = tempfile::tempfile()?;
        let mut process = start(binary, &runtime_api, variables, &logs)
            .map_err(|error| format!("{} does not start: {error}", binary.display()))?;
        let answer = tokio::select! {
            answer = runtime_api.answer() => succeeded(answer),
            ended = process.wait() => Err(format!("it ended with {}", ended?)),
            () = tokio::time::sleep(TIMEOUT) => Err("it does not answer".to_owned()),
        };
        // It waits for its next event: it is there to be looked at.
        let usage = process.id().and_then(Usage::of);
        process.kill().await?;
        let logs = read(&mut logs)?;
        let (response, took) = answer.map_err(|problem| format!("{}: {problem}\n{logs}", binary.display()))?;
        let usage = usage.ok_or("/proc does not say what the process used")?;
        Ok(Self { response, logs, took, usage })
    }
}

impl Usage {
    /// As the kernel counts it, while the process is there.
    #[must_use]
    pub fn of(process: u32) -> Option<Self> {
        // The kernel counts in hundredths of a second, whatever its own clock.
        const TICK: Duration = Duration::from_millis(10);
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The fields behind the program's name, which is in brackets and may hold anything: the 12th and the 13th are
        // the ticks in the program and in the kernel.
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks: Vec<u32> =
            fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
        Some(Self {
            processor: TICK * ticks.iter().sum::<u32>(),
            peak_bytes: peak?.trim().parse::<u64>().ok()? * 1_024,
        })
    }
}

/// Nothing else is in its environment, as in Lambda.
fn start(binary: &Path, runtime_api: &RuntimeApi, variables: &[(&str, &str)], logs: &File) -> io::Result<Child> {
    let local_aws = std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name == "SSL_CERT_FILE");
    Command::new(std::path::absolute(binary)?)
        .env_clear()
        .envs(local_aws)
        .envs(variables.iter().copied())
        .envs(runtime_api.environment("function", 512))
        .stdin(Stdio::null())
        .stdout(logs.try_clone()?)
        .stderr(logs.try_clone()?)
        .kill_on_drop(true)
        .spawn()
}

fn succeeded(answer: Answer) -> Result<(Value, Duration), String> {
    let Answer { path, body, took } = answer;
    match serde_json::from_str(&body) {
        Ok(response) if path.ends_with("/response") => Ok((response, took)),
        Ok(_) | Err(_) => Err(format!("it answered {path} with {body}")),
    }
}

fn read(logs: &mut File) -> io::Result<String> {
    let mut text = String::new();
    logs.rewind()?;
    logs.read_to_string(&mut text)?;
    Ok(text)
}
