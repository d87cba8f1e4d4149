//! The pages of a listing, as a stream.

use std::collections::HashSet;

use collector::failure::{Failure, FailureKind};
use collector::feed::ContentType;
use collector::ports::{Clock, ContentPage, Jitter};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::Stream;
use futures::stream::try_unfold;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::client::Client;
use crate::clouds::Endpoints;
use crate::error::Operation;
use crate::request::ApiRequest;
use crate::wire::content_page;

/// More pages than an hour of the busiest tenant has, and few enough to end.
const MOST_PAGES: usize = 5_000;

struct Position {
    endpoints: Endpoints,
    next: Option<String>,
    seen: HashSet<String>,
}

/// The pages of what `tenant` published in `window`. An empty page may have a next one; only the missing header ends
/// the list.
pub(crate) fn pages<C: Clock, D: Jitter>(
    client: &Client<C, D>,
    tenant: &Tenant,
    content_type: ContentType,
    window: Window,
) -> impl Stream<Item = Result<ContentPage, Failure>> {
    let endpoints = client.endpoints(tenant);
    let query = format!(
        "contentType={content_type}&startTime={}&endTime={}",
        microsoft_time(window.start()),
        microsoft_time(window.end())
    );
    let first = endpoints.operation("subscriptions/content", &query);
    let start = Position { endpoints, next: Some(first), seen: HashSet::new() };
    try_unfold(start, move |mut position| async move {
        let Some(address) = position.next.take() else { return Ok(None) };
        let operation = Operation::ListContent;
        let request = ApiRequest { tenant, endpoints: &position.endpoints, operation, method: Method::GET, address };
        let (headers, rows) = client.send(&request, async |response| request.rows::<Value>(response).await).await?;
        let page = content_page(rows, &position.endpoints, window.start());
        let read = request.address;
        position.advance(read, next_page(&headers)?)?;
        Ok(Some((page, position)))
    })
}

impl Position {
    fn advance(&mut self, read: String, next: Option<String>) -> Result<(), Failure> {
        self.seen.insert(read);
        let Some(next) = next else { return Ok(()) };
        self.endpoints.require_same_origin(&next).map_err(|failure| failure.context("the next page"))?;
        let endless = if self.seen.contains(&next) {
            "the next page repeats a page that was read already".to_owned()
        } else if self.seen.len() >= MOST_PAGES {
            format!("there are more than {MOST_PAGES} pages")
        } else {
            self.next = Some(next);
            return Ok(());
        };
        let problem = format!("{endless}: the listing does not end and is asked for again");
        Err(Failure::new(FailureKind::Transient, problem))
    }
}

/// Microsoft's pages name the header `NextPageUri` and, once, `NextPageUrl`.
fn next_page(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("NextPageUri").or_else(|| headers.get("NextPageUrl")) else { return Ok(None) };
    match value.to_str() {
        Ok("") => Ok(None),
        Ok(next) => Ok(Some(next.to_owned())),
        Err(_) => Err(Failure::new(FailureKind::Transient, "the address of the next page is not readable")),
    }
}

/// Window bounds as Microsoft wants them: UTC, whole seconds, without a zone.
fn microsoft_time(instant: Timestamp) -> String {
    instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
