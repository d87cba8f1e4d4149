//! Errors of the AWS SDK, in the domain's language.

use std::error::Error;
use std::fmt;

use collector::failure::{Failure, FailureKind};

/// What was being done, at which resource, and everything that the SDK knows of why it failed.
pub(crate) fn aws(operation: impl fmt::Display, error: &(dyn Error + 'static)) -> Failure {
    let mut causes = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.dedup();
    Failure::new(FailureKind::AwsService, format!("{operation}: {}", causes.join(": ")))
}

/// AWS answered, but not with what its reference promises.
pub(crate) fn unexpected(operation: impl fmt::Display, what: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::AwsService, format!("{operation}: {what}"))
}
