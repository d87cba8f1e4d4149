//! Listings and their pages. A listing is fixed when its first page is requested: later content does not appear on its
//! further pages.

use std::{collections::HashMap, ops::Range, sync::Arc};

use jiff::Timestamp;

use crate::{config::Config, state::feed::Window};

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) content_id: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
}

/// A whole listing, divided into pages.
#[derive(Debug)]
pub(crate) struct Listing {
    content_type: &'static str,
    window: Window,
    entries: Arc<[Entry]>,
    pages: Vec<Range<usize>>,
}

impl Listing {
    pub(crate) fn new(content_type: &'static str, window: Window, entries: Vec<Entry>, config: &Config) -> Self {
        let size = config.page_size.max(1);
        let mut pages = Vec::new();
        for (index, start) in (0..entries.len().max(1)).step_by(size).enumerate() {
            if config.empty_page_every.is_some_and(|every| (index + 1).is_multiple_of(every.max(1))) {
                pages.push(start..start);
            }
            pages.push(start..(start + size).min(entries.len()));
        }
        Listing { content_type, window, entries: entries.into(), pages }
    }
}

/// The listings of one tenant, stored as long as the simulator runs, so that a page can be requested again.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    listings: HashMap<String, Listing>,
    opened_count: u64,
}

#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) content_type: &'static str,
    pub(crate) window: Window,
    pub(crate) entries: &'a [Entry],
    /// The token of the next page.
    pub(crate) next: Option<String>,
}

impl Pages {
    /// Stores a listing and returns the token of its first page.
    pub(crate) fn open(&mut self, listing: Listing) -> String {
        self.opened_count += 1;
        let listing_name = format!("{}R{:09}", listing.window.end.strftime("%Y%m%d%H%M%S%3f"), self.opened_count);
        // No response contains a token of a single-page listing, so it is only needed until its page is sent.
        self.listings.retain(|_, open| open.pages.len() > 1);
        self.listings.insert(listing_name.clone(), listing);
        format!("{listing_name}$0")
    }

    /// The page that a token identifies, if the token belongs to a listing of this content type and window.
    pub(crate) fn page(&self, token: &str, content_type: &str, window: Window) -> Option<Page<'_>> {
        let (listing_name, number) = token.split_once('$')?;
        let number: usize = number.parse().ok()?;
        let listing = self
            .listings
            .get(listing_name)
            .filter(|listing| listing.content_type == content_type && listing.window == window)?;
        let entries = listing.entries.get(listing.pages.get(number)?.clone())?;
        let next = (number + 1 < listing.pages.len()).then(|| format!("{listing_name}${}", number + 1));
        Some(Page { content_type: listing.content_type, window: listing.window, entries, next })
    }
}
