//! Reading a function's environment, with all of its problems at once.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use crate::metrics::MetricsLog;

/// The environment while it is read. A missing or bad variable gives a stand-in value and is remembered;
/// [`Environment::finish`] then refuses the configuration made of it.
#[derive(Debug)]
pub struct Environment<L> {
    lookup: L,
    problems: Vec<String>,
}

/// Everything that is wrong with an environment, each with the variable's name, what is wrong and an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEnvironment {
    /// One problem each.
    pub problems: Vec<String>,
}

impl fmt::Display for InvalidEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment is not usable: {}", self.problems.join("; "))
    }
}

impl std::error::Error for InvalidEnvironment {}

/// What every function needs to know.
#[derive(Debug, Clone)]
pub struct Common {
    /// `TENANT_SECRET_PREFIX`.
    pub tenant_secret_prefix: String,
    /// `STATE_TABLE`.
    pub state_table: String,
    /// `FETCH_QUEUE_URL`.
    pub fetch_queue_url: String,
    /// `MANAGEMENT_API_URL`: replaces Microsoft's own, for local runs.
    pub management_api: Option<Url>,
    /// `TOKEN_AUTHORITY_URL`: replaces Microsoft's own, for local runs.
    pub token_authority: Option<Url>,
    /// With `STACK_NAME` as their dimension, which the template sets.
    pub metrics: MetricsLog,
    /// S3 is a local stand-in, which understands path-style addresses only.
    pub path_style: bool,
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// An environment in which `lookup` finds the value of a variable.
    pub fn new(lookup: L) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// What every function needs to know.
    pub fn common(&mut self) -> Common {
        Common {
            tenant_secret_prefix: self.or("TENANT_SECRET_PREFIX", "m365/"),
            state_table: self.required("STATE_TABLE", "m365-audit-state"),
            fetch_queue_url: self.queue_url("FETCH_QUEUE_URL"),
            management_api: self.root_url("MANAGEMENT_API_URL"),
            token_authority: self.root_url("TOKEN_AUTHORITY_URL"),
            metrics: MetricsLog::new(self.value("STACK_NAME")),
            path_style: ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].iter().any(|name| self.value(name).is_some()),
        }
    }

    /// A variable that must be there.
    fn required(&mut self, name: &str, example: &str) -> String {
        self.value(name).unwrap_or_else(|| {
            self.problem(name, "is missing", example);
            String::new()
        })
    }

    /// A variable with a default. One that is set to nothing counts as not set.
    fn or(&mut self, name: &str, default: &str) -> String {
        self.value(name).unwrap_or_else(|| default.to_owned())
    }

    /// A whole number within `range`.
    pub fn number<N: FromStr + PartialOrd + fmt::Display>(
        &mut self,
        name: &str,
        range: RangeInclusive<N>,
        default: N,
    ) -> N {
        let Some(text) = self.value(name) else { return default };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            Ok(_) | Err(_) => {
                let problem = format!("is {text:?}, not a whole number from {} to {}", range.start(), range.end());
                self.problem(name, &problem, &default.to_string());
                default
            }
        }
    }

    /// An address that must be there, of a queue.
    fn queue_url(&mut self, name: &str) -> String {
        const EXAMPLE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/m365-audit-fetch";
        let url = self.required(name, EXAMPLE);
        if !url.is_empty() && !Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            self.problem(name, "is not the address of a queue", EXAMPLE);
        }
        url
    }

    /// An address of a queue that may be missing.
    pub fn optional_queue_url(&mut self, name: &str) -> Option<String> {
        self.value(name).map(|_| self.queue_url(name))
    }

    /// A list of ages in minutes, at most the week that Microsoft keeps content.
    pub fn minutes(&mut self, name: &str, default: &str) -> Vec<SignedDuration> {
        const WEEK: i64 = 7 * 24 * 60;
        let text = self.or(name, default);
        let ages: Option<Vec<i64>> = text.split(',').map(|age| age.trim().parse().ok()).collect();
        match ages {
            Some(ages) if ages.iter().all(|age| (0..=WEEK).contains(age)) => {
                ages.into_iter().map(SignedDuration::from_mins).collect()
            }
            Some(_) | None => {
                self.problem(name, &format!("is {text:?}, not whole minutes from 0 to {WEEK} with commas"), default);
                Vec::new()
            }
        }
    }

    /// The bucket and the prefix of the archive.
    pub fn archive(&mut self) -> (String, String) {
        let bucket = self.required("ARCHIVE_BUCKET", "contoso-m365-audit");
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if !bucket.is_empty() && !(3..=63).contains(&bucket.len()) || !bucket.chars().all(fits) {
            self.problem("ARCHIVE_BUCKET", "is no bucket name", "contoso-m365-audit");
        }
        let prefix = self.or("ARCHIVE_PREFIX", "m365");
        if prefix.starts_with('/') || prefix.ends_with('/') || prefix.contains("//") {
            self.problem("ARCHIVE_PREFIX", "must not begin or end with a slash, or hold two in a row", "m365");
        }
        (bucket, prefix)
    }

    fn root_url(&mut self, name: &str) -> Option<Url> {
        const EXAMPLE: &str = "https://manage.office.com, or http://127.0.0.1:8080 for a local run";
        let text = self.value(name)?;
        match Url::parse(&text) {
            Ok(url) if url.scheme() == "https" && url.has_host() => Some(url),
            Ok(url) if url.scheme() == "http" && is_loopback(&url) => Some(url),
            Ok(url) if url.scheme() == "http" => {
                self.problem(name, "is http: credentials go there, so only loopback may be without TLS", EXAMPLE);
                None
            }
            Ok(_) | Err(_) => {
                self.problem(name, "is no https address", EXAMPLE);
                None
            }
        }
    }

    /// `config`, if nothing was wrong.
    ///
    /// # Errors
    /// [`InvalidEnvironment`] with every problem found.
    pub fn finish<T>(mut self, config: T) -> Result<T, InvalidEnvironment> {
        let filter = self.or("RUST_LOG", "info");
        if EnvFilter::try_new(&filter).is_err() {
            self.problem("RUST_LOG", "is no log filter", "info");
        }
        if self.problems.is_empty() { Ok(config) } else { Err(InvalidEnvironment { problems: self.problems }) }
    }

    /// Remembers a problem.
    fn problem(&mut self, name: &str, problem: &str, example: &str) {
        self.problems.push(format!("{name} {problem} (for example: {example})"));
    }

    fn value(&self, name: &str) -> Option<String> {
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
