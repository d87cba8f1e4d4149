//! The fetcher's settings.

use lambda_support::Environment;

use super::{ArchiveLocation, Common};

#[derive(Debug, Clone)]
pub struct FetcherSettings {
    pub common: Common,
    pub archive: ArchiveLocation,
}

impl FetcherSettings {
    pub fn read<L: Fn(&str) -> Option<String>>(environment: &mut Environment<L>) -> Self {
        Self { common: Common::read(environment), archive: ArchiveLocation::read(environment) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::test::{named_problems, read};

    #[test]
    fn names_every_problem_at_once() {
        let problems = named_problems(read(FetcherSettings::read, |name| match name {
            "ARCHIVE_PREFIX" => Some("/m365/"),
            "TOKEN_AUTHORITY_URL" => Some("login"),
            "RUST_LOG" => Some("=,="),
            _ => None,
        }));
        assert_eq!(
            problems,
            ["STATE_TABLE", "FETCH_QUEUE_URL", "TOKEN_AUTHORITY_URL", "ARCHIVE_BUCKET", "ARCHIVE_PREFIX", "RUST_LOG"]
        );
    }
}
