//! Error responses in the formats of the two services.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::{
    config::Throttle,
    http::{
        request::Request,
        response::{Refusal, Response},
    },
};

impl Response {
    /// An error in the API's format.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Response::json(status, &json!({"error": {"code": code, "message": message}}))
    }

    /// [`Response::error`] as a refusal.
    pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        Box::new(Response::error(status, code, message))
    }

    pub(crate) fn unauthorized() -> Self {
        Response::json(401, &json!({"Message": "Authorization has been denied for this request."}))
    }

    /// The response to a request beyond the quota.
    pub(crate) fn too_many_requests(throttle: &Throttle, method: &str, request: &Request) -> Self {
        let publisher = request.parameter("publisheridentifier").unwrap_or_default();
        Response::error(
            throttle.status,
            "AF429",
            &format!("Too many requests. Method={method}, PublisherId={publisher}"),
        )
        .with_retry_after(throttle.retry_after)
    }

    /// A throttled response that says in its message, and not in a header, how long to wait.
    pub(crate) fn throttled_until(status: u16, wait: Duration, method: &str, request: &Request) -> Self {
        let publisher = request.parameter("publisheridentifier").unwrap_or_default();
        let (minutes, seconds) = (wait.as_secs() / 60, wait.as_secs() % 60);
        Response::error(
            status,
            "AF429",
            &format!(
                "Too many requests. Method={method}, PublisherId={publisher}. Please retry again after {minutes}m \
                 {seconds}s."
            ),
        )
    }

    /// An error in Entra's format.
    pub(crate) fn entra_error(status: u16, error: &str, code: u32, message: &str, now: Timestamp) -> Self {
        let at = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        // Derived from the time, so that the same run gives the same response.
        let trace = Uuid::from_u128(now.as_nanosecond().unsigned_abs());
        Response::json(
            status,
            &json!({
                "error": error,
                "error_description": format!(
                    "AADSTS{code}: {message} Trace ID: {trace} Correlation ID: {trace} Timestamp: {at}"
                ),
                "error_codes": [code],
                "timestamp": at,
                "trace_id": trace,
                "correlation_id": trace,
                "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
            }),
        )
    }
}
