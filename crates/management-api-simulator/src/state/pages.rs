//! The pages of a listing. They are bound when the first one is asked for: what is published meanwhile is not on them.

use std::{collections::HashMap, ops::Range, sync::Arc};

use jiff::Timestamp;

use crate::{config::Config, state::feed::Window};

/// One line of a listing.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) content_id: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
}

/// A whole listing, cut into pages.
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

/// The listings of one tenant, kept for as long as the simulator lives, so that a page can be asked for again.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    listings: HashMap<String, Listing>,
    opened_count: u64,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) content_type: &'static str,
    pub(crate) window: Window,
    pub(crate) entries: &'a [Entry],
    /// The token of the page that follows.
    pub(crate) next: Option<String>,
}

impl Pages {
    /// Keeps a listing; returns the token of its first page.
    pub(crate) fn open(&mut self, listing: Listing) -> String {
        self.opened_count += 1;
        let listing_name = format!("{}R{:09}", listing.window.end.strftime("%Y%m%d%H%M%S%3f"), self.opened_count);
        // A listing of one page leads nowhere: nobody can hold a token of it, so it need not outlive this one.
        self.listings.retain(|_, open| open.pages.len() > 1);
        self.listings.insert(listing_name.clone(), listing);
        format!("{listing_name}$0")
    }

    /// The page of a token, if the token was handed out for this very listing.
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
