//! Invokes a function's binary once, in a process of its own, and measures the time and memory that it uses.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use benchmarks::usage::Usage;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::runtime_api::{Answer, RuntimeApi};

/// As in template.yaml.
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub struct Invocation {
    pub response: Value,
    /// Everything that it printed.
    pub logs: String,
    /// From the event to the response.
    pub took: Duration,
    pub usage: Usage,
}

impl Invocation {
    /// Starts `binary` with `variables` and the settings of the local AWS in its environment, and sends it `event`.
    ///
    /// # Errors
    /// If the process does not start, ends, or does not answer with a success in time. The message contains its output.
    pub async fn of(binary: &Path, event: &Value, variables: &[(&str, &str)]) -> Result<Self, Box<dyn Error>> {
        let mut runtime_api = RuntimeApi::serve(event.to_string(), TIMEOUT).await?;
        let mut logs = tempfile::tempfile()?;
        let mut process = start(binary, &runtime_api, variables, &logs)
            .map_err(|error| format!("{} does not start: {error}", binary.display()))?;
        let answer = tokio::select! {
            answer = runtime_api.answer() => succeeded(answer),
            ended = process.wait() => Err(format!("the process ended with {}", ended?)),
            () = tokio::time::sleep(TIMEOUT) => Err("it did not answer in time".to_owned()),
        };
        // The process now waits for its next event, so /proc still has its figures.
        let usage = process.id().and_then(Usage::of);
        process.kill().await?;
        let logs = read(&mut logs)?;
        let (response, took) = answer.map_err(|problem| format!("{}: {problem}\n{logs}", binary.display()))?;
        let usage = usage.ok_or("the process's usage could not be read from /proc")?;
        Ok(Self { response, logs, took, usage })
    }
}

/// The process inherits no other variable, as in Lambda.
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
        Ok(_) | Err(_) => Err(format!("it sent {body} to {path}")),
    }
}

fn read(logs: &mut File) -> io::Result<String> {
    let mut text = String::new();
    logs.rewind()?;
    logs.read_to_string(&mut text)?;
    Ok(text)
}
