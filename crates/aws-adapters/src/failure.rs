//! Converts errors of the AWS SDK to the domain's failures.

use std::error::Error;
use std::fmt;

use collector::failure::{Failure, FailureKind};
use collector::feed::FeedId;

/// `operation` says what was being done with which resource. The SDK's own text ("service error") says nothing: what
/// happened is in the chain of causes.
pub(crate) fn sdk_failure(operation: impl fmt::Display, error: impl Error + Send + Sync + 'static) -> Failure {
    Failure::new(FailureKind::AwsService, format!("{operation} failed")).caused_by(error)
}

/// For a successful response that lacks what the API's reference promises, or contains damaged data.
pub(crate) fn unexpected_response(operation: impl fmt::Display, problem: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::AwsService, format!("{operation}: {problem}"))
}

/// A row that this program cannot have written.
pub(crate) fn damaged_row(what: &str, feed: FeedId) -> Failure {
    unexpected_response(format_args!("reading {what} of {feed}"), "its row is damaged; restore the table from a backup")
}
