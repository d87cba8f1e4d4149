//! Reads settings in tests.

use lambda_support::{Environment, InvalidEnvironment};

pub(super) fn read<Settings, L: Fn(&str) -> Option<&'static str> + 'static>(
    read: impl FnOnce(&mut Environment<Box<dyn Fn(&str) -> Option<String>>>) -> Settings,
    lookup: L,
) -> Result<Settings, InvalidEnvironment> {
    let mut environment = Environment::new(Box::new(move |name: &str| lookup(name).map(str::to_owned)) as Box<_>);
    let settings = read(&mut environment);
    environment.finish(settings)
}

/// The names of the variables that have a problem.
pub(super) fn named_problems<Settings>(settings: Result<Settings, InvalidEnvironment>) -> Vec<String> {
    let problems = settings.err().map(|invalid| invalid.problems).unwrap_or_default();
    problems.iter().filter_map(|problem| problem.split(' ').next()).map(str::to_owned).collect()
}
