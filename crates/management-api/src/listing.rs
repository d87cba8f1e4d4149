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

use crate::client::Client;
use crate::clouds::Endpoints;
use crate::decode::listing::content_page;
use crate::error::Operation;
use crate::request::ApiRequest;

/// More pages than the busiest tenant has in an hour; stops a listing that would never end.
const MAX_PAGES: usize = 5_000;

/// How far a listing has been read.
struct Position {
    endpoints: Endpoints,
    next: Option<String>,
    read: HashSet<String>,
}

/// The pages of what `tenant` published in `window`. An empty page may be followed by others: only a page without the
/// header for the next page ends the listing.
pub(crate) fn pages<C: Clock, J: Jitter>(
    client: &Client<C, J>,
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
    let start = Position { endpoints, next: Some(first), read: HashSet::new() };
    try_unfold(start, move |mut position| async move {
        let Some(address) = position.next.take() else { return Ok(None) };
        let operation = Operation::ListContent;
        let request = ApiRequest { tenant, endpoints: &position.endpoints, operation, method: Method::GET, address };
        let (headers, rows) = client.send(&request, async |response| request.rows(response).await).await?;
        let page = content_page(rows, &position.endpoints, window.start());
        let address = request.address;
        position.advance(address, next_page(&headers)?)?;
        Ok(Some((page, position)))
    })
}

impl Position {
    fn advance(&mut self, address: String, next: Option<String>) -> Result<(), Failure> {
        self.read.insert(address);
        let Some(next) = next else { return Ok(()) };
        self.endpoints.require_same_origin(&next).map_err(|failure| failure.context("the next page"))?;
        let reason = if self.read.contains(&next) {
            "the next page is one that was already read".to_owned()
        } else if self.read.len() >= MAX_PAGES {
            format!("the listing has more than {MAX_PAGES} pages")
        } else {
            self.next = Some(next);
            return Ok(());
        };
        let problem = format!("{reason}; it seems to be endless and will be retried");
        Err(Failure::new(FailureKind::Transient, problem))
    }
}

/// Microsoft's documentation calls the header `NextPageUri` and, in one place, `NextPageUrl`.
fn next_page(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("NextPageUri").or_else(|| headers.get("NextPageUrl")) else { return Ok(None) };
    match value.to_str() {
        Ok("") => Ok(None),
        Ok(next) => Ok(Some(next.to_owned())),
        Err(_) => Err(Failure::new(FailureKind::Transient, "the address of the next page is not plain ASCII")),
    }
}

/// The format of window bounds: UTC, in whole seconds, without a time zone.
fn microsoft_time(instant: Timestamp) -> String {
    instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
