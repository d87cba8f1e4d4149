//! Converts errors of the AWS SDK to the domain's failures.

use std::error::Error;
use std::fmt;

use collector::failure::{Failure, FailureKind};

/// `operation` says what was being done with which resource. The message adds the whole chain of causes, because the
/// SDK's own text ("service error") says nothing.
pub(crate) fn sdk_failure(operation: impl fmt::Display, error: &(dyn Error + 'static)) -> Failure {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    // Wrapper errors often repeat the text of their source.
    causes.dedup();
    Failure::new(FailureKind::AwsService, format!("{operation}: {}", causes.join(": ")))
}

/// For a successful response that lacks what the API's reference promises, or contains damaged data.
pub(crate) fn unexpected_response(operation: impl fmt::Display, problem: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::AwsService, format!("{operation}: {problem}"))
}
