//! `GET subscriptions/content`: the content that became available in a window.

use jiff::Timestamp;
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::{
    api::window::requested_window,
    clock::format_for_listing,
    config::Config,
    content_id::content_id,
    http::{
        request::Request,
        response::{Refusal, Response},
    },
    seeds::seeded,
    state::{
        ListedContent, TenantState,
        feed::{Aggregate, Window},
        pages::{Entry, Listing, Page},
        subscription::ListingAccess,
    },
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson<'a> {
    content_type: &'a str,
    content_id: &'a str,
    content_uri: String,
    content_created: String,
    content_expiration: String,
}

/// Returns the first page of a window, or the page that the `nextPage` parameter identifies.
pub(crate) fn list(
    tenant: &mut TenantState,
    content_type: &'static str,
    request: &Request,
    config: &Config,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let feed = tenant.feed(content_type);
    match feed.subscription.listing(now) {
        None => {
            return Err(Response::refusal(400, "AF20022", "No subscription found for the specified content type."));
        }
        Some(ListingAccess::Disabled) => {
            return Err(Response::refusal(400, "AF20023", "The subscription was disabled."));
        }
        Some(ListingAccess::Granted) => {}
    }
    let window = requested_window(request, now)?;
    let token = match request.parameter("nextpage") {
        Some(token) => token,
        None => {
            let listing = create_listing(tenant, content_type, window, config, now);
            tenant.pages.open(listing)
        }
    };
    match tenant.pages.page(&token, content_type, window) {
        Some(page) => Ok(page_response(&page, request)),
        None => Err(Response::refusal(400, "AF20031", &format!("Invalid nextPage Input: {token}."))),
    }
}

fn create_listing(
    tenant: &mut TenantState,
    content_type: &'static str,
    window: Window,
    config: &Config,
    now: Timestamp,
) -> Listing {
    let aggregates = tenant.feed(content_type).aggregates(window, config, now);
    let mut entries: Vec<Entry> = aggregates
        .into_iter()
        .map(|aggregate| {
            let content_id = content_id(aggregate.first, aggregate.last, content_type);
            let Aggregate { first: _, last, keys, expires } = aggregate;
            tenant.listed.insert(content_id.clone(), ListedContent { content_type, keys, expires });
            Entry { content_id, created: last.0, expires }
        })
        .collect();
    // Shuffled, because Microsoft documents no order and no client may rely on one.
    let label = [&tenant.settings.id.to_string(), content_type, &window.start.to_string(), &window.end.to_string()];
    entries.shuffle(&mut seeded(config.seed, &label));
    Listing::new(content_type, window, entries, config)
}

fn page_response(page: &Page, request: &Request) -> Response {
    let feed_root = request.path.trim_end_matches('/').trim_end_matches("/subscriptions/content");
    let listed: Vec<EntryJson> = page
        .entries
        .iter()
        .map(|entry| EntryJson {
            content_type: page.content_type,
            content_id: &entry.content_id,
            content_uri: format!("{}{feed_root}/audit/{}", request.origin, entry.content_id),
            content_created: format_for_listing(entry.created),
            content_expiration: format_for_listing(entry.expires),
        })
        .collect();
    let mut response = Response::json(200, &listed);
    if let Some(token) = &page.next {
        response = response.with_next_page(format!(
            "{}{feed_root}/subscriptions/content?contenttype={}&starttime={}&endtime={}&nextpage={token}",
            request.origin,
            page.content_type,
            format_for_next_page(page.window.start),
            format_for_next_page(page.window.end),
        ));
    }
    response
}

fn format_for_next_page(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}
