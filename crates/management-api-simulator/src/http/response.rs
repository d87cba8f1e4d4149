//! What goes back, and what happens to it on the way.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::{http::request::Call, records::slice::Content, state::throttle::Throttle};

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) next_page: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Body,
    pub(crate) delivery: Delivery,
}

/// An answer that ends the matter early.
pub(crate) type Refusal = Box<Reply>;

#[derive(Debug)]
pub(crate) enum Body {
    Text(Bytes),
    /// A JSON array, written while it is sent.
    Records(RecordsBody),
}

#[derive(Debug)]
pub(crate) struct RecordsBody {
    pub(crate) slices: Vec<Content>,
    pub(crate) gzip: bool,
    pub(crate) chunked: bool,
    pub(crate) spaced: bool,
    /// The array ends here, in the middle of it, without a mistake of the protocol.
    pub(crate) truncated_at: Option<u64>,
}

/// Faults of the transport. Sizes are bytes of the body as it travels, after compression.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Delivery {
    /// The connection ends without a byte of an answer.
    pub(crate) dropped: bool,
    /// Before the head.
    pub(crate) wait: Option<Duration>,
    /// In the body, after so many bytes.
    pub(crate) pause: Option<(u64, Duration)>,
    /// The connection ends after so many bytes of the body, or before its last one.
    pub(crate) cut_after: Option<u64>,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: Body) -> Self {
        Reply {
            status,
            content_type: content_type.to_owned(),
            next_page: None,
            retry_after: None,
            body,
            delivery: Delivery::default(),
        }
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Reply::new(status, content_type, Body::Text(body.into()))
    }

    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        // A value of ours always has string keys, the one thing that could fail here.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Reply::text(status, "application/json; charset=utf-8", body)
    }

    /// The API's error shape.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Reply::json(status, &json!({"error": {"code": code, "message": message}}))
    }

    /// [`Reply::error`], ending the matter.
    pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        Box::new(Reply::error(status, code, message))
    }

    /// An HTML page, as gateways send them.
    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page =
            format!("<!DOCTYPE html>\r\n<html><head><title>{title}</title></head><body><h2>{title}</h2></body></html>");
        Reply::text(status, "text/html; charset=us-ascii", page)
    }

    pub(crate) fn unauthorized() -> Self {
        Reply::json(401, &json!({"Message": "Authorization has been denied for this request."}))
    }

    pub(crate) fn with_next_page(mut self, uri: String) -> Self {
        self.next_page = Some(uri);
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }
}

/// The answer to one request too many.
pub(crate) fn too_many_requests(throttle: &Throttle, method: &str, call: &Call) -> Reply {
    let publisher = call.parameter("publisheridentifier").unwrap_or_default();
    Reply::error(throttle.status, "AF429", &format!("Too many requests. Method={method}, PublisherId={publisher}"))
        .with_retry_after(throttle.retry_after)
}
