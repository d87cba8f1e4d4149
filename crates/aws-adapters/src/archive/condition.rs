//! Conditional writes: the first whole object under a key stands.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use collector::failure::{Failure, FailureKind};

use crate::failure::sdk_failure;

/// The value of `If-None-Match` with which S3 stores an object only if there is none under its key.
pub(super) const NO_OBJECT: &str = "*";

/// When the object under a key was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// By this request.
    Now,
    /// By an earlier one: an earlier delivery of the message, or an attempt whose response was lost.
    Earlier,
}

/// Why S3 did not store an object that was sent under the condition.
enum Refusal {
    /// There is an object under the key.
    ObjectExists,
    /// Another request writes or deletes the object at the same time.
    Conflict,
    /// The bucket or the service does not support the condition.
    Unsupported,
    Other,
}

/// What a conditional upload has come to. `operation` says what was being done with which object.
pub(super) fn stored<T, E>(operation: String, result: Result<T, SdkError<E>>) -> Result<Stored, Failure>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let error = match result {
        Ok(_) => return Ok(Stored::Now),
        Err(error) => error,
    };
    let explanation = match refusal(&error) {
        Refusal::ObjectExists => return Ok(Stored::Earlier),
        Refusal::Other => return Err(sdk_failure(operation, error)),
        Refusal::Conflict => {
            "another request was writing or deleting the same object; the upload is repeated with the message"
        }
        Refusal::Unsupported => {
            "the bucket or its S3-compatible service refuses the header If-None-Match, which keeps an object from being \
             overwritten; use a bucket that supports S3's conditional writes, or a version of the service that does"
        }
    };
    Err(Failure::new(FailureKind::AwsService, format!("{operation} failed: {explanation}")).caused_by(error))
}

/// By the code first: S3 may report an error of CompleteMultipartUpload in a response with status 200. By the status
/// where there is no code: the body may be empty.
fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Refusal {
    let response = error.raw_response();
    let status = response.map(|response| response.status().as_u16());
    let body = response.and_then(|response| response.body().bytes()).unwrap_or_default().to_ascii_lowercase();
    let mentions = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    match (error.code(), status) {
        (Some("PreconditionFailed"), _) | (None, Some(412)) => Refusal::ObjectExists,
        (Some("ConditionalRequestConflict" | "OperationAborted"), _) | (None, Some(409)) => Refusal::Conflict,
        // S3 names the header in an element of its own; without it, the condition is the likeliest cause.
        (Some("NotImplemented"), _) | (None, Some(501)) if mentions("if-none-match") || !mentions("<header>") => {
            Refusal::Unsupported
        }
        (Some("InvalidArgument" | "InvalidRequest"), _) | (None, Some(400)) if mentions("if-none-match") => {
            Refusal::Unsupported
        }
        (Some(_) | None, _) => Refusal::Other,
    }
}
