//! The template, deployed to the local AWS.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

#[derive(Debug)]
pub struct Stack {
    name: String,
    outputs: Value,
    // The local AWS runs the functions from this folder, which is deleted when dropped.
    _staged: TempDir,
}

impl Stack {
    /// Stages the binaries in `bin_dir` and deploys them with template.yaml under `name`, with `parameters` as
    /// `Name=Value`.
    ///
    /// # Errors
    /// The output of the tool that failed.
    pub async fn deploy(bin_dir: &Path, name: &str, parameters: &[String]) -> Result<Self, String> {
        let staged = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let out_dir = staged.path().to_string_lossy().into_owned();
        run(script("stage.sh"), &[bin_dir.to_string_lossy().into_owned(), out_dir.clone()]).await?;
        let arguments: Vec<String> = [out_dir, name.to_owned()].into_iter().chain(parameters.iter().cloned()).collect();
        run(script("deploy.sh"), &arguments).await?;
        let list = ["list", "stack-outputs", "--stack-name", name, "--output", "json"].map(str::to_owned);
        let outputs = run(root().join(".venv/bin/sam"), &list).await?;
        let outputs = serde_json::from_str(&outputs)
            .map_err(|error| format!("the stack's outputs are not valid JSON: {error}"))?;
        Ok(Self { name: name.to_owned(), outputs, _staged: staged })
    }

    /// The value of one of the template's outputs.
    ///
    /// # Panics
    /// If the template has no such output.
    #[must_use]
    pub fn output(&self, key: &str) -> &str {
        let rows = self.outputs.as_array().unwrap();
        let row = rows.iter().find(|row| row["OutputKey"] == key);
        row.and_then(|row| row["OutputValue"].as_str()).unwrap_or_else(|| panic!("the stack has no output {key}"))
    }

    /// Everything that its functions have logged.
    ///
    /// # Errors
    /// The output of the tool, if it fails.
    pub async fn logs(&self) -> Result<String, String> {
        run(root().join(".venv/bin/python"), &[script("show-stack.py"), "logs".to_owned(), self.name.clone()]).await
    }
}

fn script(name: &str) -> String {
    root().join("infra/local").join(name).to_string_lossy().into_owned()
}

/// The root folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

async fn run(program: impl AsRef<Path>, arguments: &[String]) -> Result<String, String> {
    let program = program.as_ref();
    let shown = program.display();
    let command = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = command.await.map_err(|error| format!("{shown}: {error}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{shown} failed:\n{out}\n{err}")) }
}
