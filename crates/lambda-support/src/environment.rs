//! Reads a function's environment, and reports all of its problems at once.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

/// The environment while it is read. A missing or invalid variable yields a placeholder and is recorded as a problem;
/// [`Environment::finish`] then returns the problems instead of the settings.
#[derive(Debug)]
pub struct Environment<L> {
    lookup: L,
    problems: Vec<String>,
}

/// Everything that is wrong with an environment: for each problem the variable's name, what is wrong, and an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEnvironment {
    pub problems: Vec<String>,
}

impl fmt::Display for InvalidEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not valid: {}", self.problems.join("; "))
    }
}

impl std::error::Error for InvalidEnvironment {}

/// Looks up a variable in the environment of the process.
pub type ProcessEnvironment = fn(&str) -> Option<String>;

impl Environment<ProcessEnvironment> {
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// `lookup` finds the value of a variable by its name.
    pub fn new(lookup: L) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// A variable that must be set.
    pub fn required(&mut self, name: &str, example: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problem(name, "is missing", example);
            String::new()
        })
    }

    /// A variable with a default.
    pub fn or(&mut self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    /// A whole number within `range`.
    pub fn number<N: FromStr + PartialOrd + fmt::Display>(
        &mut self,
        name: &str,
        range: RangeInclusive<N>,
        default: N,
    ) -> N {
        let Some(text) = self.optional(name) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            Ok(_) | Err(_) => {
                let problem = format!("is {text:?}, not a whole number from {} to {}", range.start(), range.end());
                self.problem(name, &problem, &default.to_string());
                default
            }
        }
    }

    /// The URL of a queue, which must be set.
    pub fn queue_url(&mut self, name: &str) -> String {
        const EXAMPLE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/m365-audit-fetch";
        let url = self.required(name, EXAMPLE);
        if !url.is_empty() && !Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            self.problem(name, "is not the URL of a queue", EXAMPLE);
        }
        url
    }

    /// The URL of a queue, if it is set.
    pub fn optional_queue_url(&mut self, name: &str) -> Option<String> {
        self.optional(name).map(|_| self.queue_url(name))
    }

    /// A list of ages in minutes, at most a week: as long as Microsoft retains content.
    pub fn minutes(&mut self, name: &str, default: &str) -> Vec<SignedDuration> {
        const WEEK: i64 = 7 * 24 * 60;
        let text = self.or(name, default);
        let ages: Option<Vec<i64>> = text.split(',').map(|age| age.trim().parse().ok()).collect();
        match ages {
            Some(ages) if ages.iter().all(|age| (0..=WEEK).contains(age)) => {
                ages.into_iter().map(SignedDuration::from_mins).collect()
            }
            Some(_) | None => {
                self.problem(
                    name,
                    &format!("is {text:?}, not whole minutes from 0 to {WEEK}, separated by commas"),
                    default,
                );
                Vec::new()
            }
        }
    }

    /// An `https` root that replaces one of Microsoft's; `http` on the loopback interface only.
    pub fn root_url(&mut self, name: &str) -> Option<Url> {
        const EXAMPLE: &str = "https://manage.office.com, or http://127.0.0.1:8080 for a local run";
        let text = self.optional(name)?;
        match Url::parse(&text) {
            Ok(url) if url.scheme() == "https" && url.has_host() => Some(url),
            Ok(url) if url.scheme() == "http" && is_loopback(&url) => Some(url),
            Ok(url) if url.scheme() == "http" => {
                self.problem(name, "is http, which is allowed for loopback only: credentials are sent there", EXAMPLE);
                None
            }
            Ok(_) | Err(_) => {
                self.problem(name, "is not a valid https address", EXAMPLE);
                None
            }
        }
    }

    /// Returns `settings` if no problem was found.
    ///
    /// # Errors
    /// [`InvalidEnvironment`] with every problem found.
    pub fn finish<T>(mut self, settings: T) -> Result<T, InvalidEnvironment> {
        let filter = self.or("RUST_LOG", "info");
        if EnvFilter::try_new(&filter).is_err() {
            self.problem("RUST_LOG", "is not a valid log filter", "info");
        }
        if self.problems.is_empty() { Ok(settings) } else { Err(InvalidEnvironment { problems: self.problems }) }
    }

    /// Records a problem with a variable.
    pub fn problem(&mut self, name: &str, problem: &str, example: &str) {
        self.problems.push(format!("{name} {problem} (for example: {example})"));
    }

    /// A variable, unless it is unset or blank.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
