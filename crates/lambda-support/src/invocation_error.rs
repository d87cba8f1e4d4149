//! The error that a function returns to Lambda.

use lambda_runtime::Diagnostic;

/// An invocation that failed. Lambda shows `error_type` as a field to filter by, and the message once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationError {
    pub error_type: &'static str,
    pub message: String,
}

impl InvocationError {
    #[must_use]
    pub fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self { error_type, message: message.into() }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.error_type.to_owned(), error_message: error.message }
    }
}
