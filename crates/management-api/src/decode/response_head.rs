//! A response without its body: what is needed to understand an error.

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use crate::decode::error_body::ErrorBody;
use crate::decode::redact::Credentials;
use crate::decode::times::{retry_after, server_time};
use crate::error::ErrorResponse;

pub(crate) struct ResponseHead {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// On our clock.
    pub(crate) received_at: Timestamp,
    /// Those of the request, which the response may quote.
    pub(crate) credentials: Credentials,
}

impl ResponseHead {
    /// The response as an error, whatever its status. All texts of the result may be shown.
    pub(crate) fn error(&self, body: &[u8]) -> ErrorResponse {
        const LONGEST_CODE: usize = 100;
        const LONGEST_MESSAGE: usize = 400;
        const LONGEST_EXCERPT: usize = 200;
        let said = ErrorBody::read(body);
        // Microsoft may append a stack trace to a message.
        let first_line = said.message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        ErrorResponse {
            status: self.status,
            code: self.credentials.line(&said.code, LONGEST_CODE),
            message: self.credentials.line(first_line, LONGEST_MESSAGE),
            excerpt: self.credentials.line(&String::from_utf8_lossy(body), LONGEST_EXCERPT),
            content_type: self.content_type(),
            retry_after: retry_after(&self.headers, &said.text, self.received_at),
            is_unknown_tenant: said.is_unknown_tenant(),
            entra_code: said.entra_code,
            server_time: server_time(&self.headers),
            received_at: self.received_at,
        }
    }

    /// As sent; empty if there is none.
    fn content_type(&self) -> String {
        const LONGEST: usize = 100;
        let sent = self.headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
        sent.map(|sent| self.credentials.line(&sent, LONGEST)).unwrap_or_default()
    }
}
