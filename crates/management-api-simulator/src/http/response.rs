use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::http::{body::Body, delivery::Delivery};

/// A response and how it is transmitted.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) next_page: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// Further headers; they replace those that follow from the other fields.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) delivery: Delivery,
}

/// A response that ends the processing of a request early.
pub(crate) type Refusal = Box<Response>;

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: Body) -> Self {
        Response {
            status,
            content_type: content_type.to_owned(),
            next_page: None,
            retry_after: None,
            headers: Vec::new(),
            body,
            delivery: Delivery::default(),
        }
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Response::new(status, content_type, Body::Text(body.into()))
    }

    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        // Serialization only fails for maps with non-string keys, and no value here has one.
        let body = serde_json::to_vec(value).unwrap_or_default();
        Response::text(status, "application/json; charset=utf-8", body)
    }

    /// An HTML page, as gateways send them.
    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page =
            format!("<!DOCTYPE html>\r\n<html><head><title>{title}</title></head><body><h2>{title}</h2></body></html>");
        Response::text(status, "text/html; charset=us-ascii", page)
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
