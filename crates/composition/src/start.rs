//! The start of every function.

use lambda_support::{Environment, InvalidEnvironment, ProcessEnvironment, start_logging};

/// Starts logging and reads a function's settings from the environment of the process.
///
/// # Errors
/// [`InvalidEnvironment`]; all of its problems have been logged.
pub fn start<Settings>(
    function: &str,
    read: impl FnOnce(&mut Environment<ProcessEnvironment>) -> Settings,
) -> Result<Settings, InvalidEnvironment> {
    start_logging();
    let mut environment = Environment::of_process();
    let settings = read(&mut environment);
    environment
        .finish(settings)
        .inspect_err(|error| tracing::error!(problems = ?error.problems, "the {function} does not start: {error}"))
}
