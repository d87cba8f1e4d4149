//! Generated feeds, and how records are spread over time.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rand::{RngExt, rngs::StdRng};
use uuid::Uuid;

use crate::{
    clock::{minus, plus},
    records::{record::record, slice::Slice},
    seeds::seeded,
};

/// The maximum number of records in a slice.
const LARGEST_SLICE: usize = 40;

/// The share of each content type in a generated feed, in percent.
const SHARES: [(&str, usize); 5] = [
    ("Audit.AzureActiveDirectory", 30),
    ("Audit.Exchange", 34),
    ("Audit.SharePoint", 20),
    ("Audit.General", 14),
    ("DLP.All", 2),
];

/// Settings of generated records; the same settings give the same records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generate {
    /// Seeds the records, their Ids and the slices.
    pub seed: u64,
    /// The number of records over all content types; with 5 or more, each type gets at least one.
    pub count: usize,
    /// The slices are spread evenly over this time span.
    pub span: Duration,
    /// The end of the time span.
    pub until: Timestamp,
    /// One in this many slices repeats a few earlier records; `None` (default) repeats none.
    pub repeat_one_in: Option<u32>,
}

impl Generate {
    /// `count` records over the `span` that ends at `until`.
    pub fn new(seed: u64, count: usize, span: Duration, until: Timestamp) -> Self {
        Generate { seed, count, span, until, repeat_one_in: None }
    }

    /// Makes one in `slices` slices repeat a few earlier records, under the same Ids.
    pub fn repeating_one_in(mut self, slices: u32) -> Self {
        self.repeat_one_in = Some(slices);
        self
    }
}

/// The generated slices of each content type.
pub(crate) fn slices(tenant: Uuid, settings: &Generate) -> Vec<(&'static str, Vec<Slice>)> {
    let mut left = settings.count;
    let mut shares: Vec<(&'static str, usize)> = SHARES
        .into_iter()
        .map(|(content_type, share)| {
            let count = (settings.count * share / 100).max(1).min(left);
            left -= count;
            (content_type, count)
        })
        .collect();
    if let Some((_, first)) = shares.first_mut() {
        *first += left;
    }
    shares
        .into_iter()
        .map(|(content_type, count)| (content_type, slices_of_type(tenant, content_type, count, settings)))
        .collect()
}

fn slices_of_type(tenant: Uuid, content_type: &'static str, count: usize, settings: &Generate) -> Vec<Slice> {
    let mut rng = seeded(settings.seed, &["records", content_type, &tenant.to_string()]);
    let plan = plan(count, content_type, settings.seed, settings.span, settings.until);
    let mut slices: Vec<Slice> = plan
        .into_iter()
        .map(|(created, size)| {
            let records = (0..size).map(|_| {
                // An event becomes available minutes after it happened.
                let happened = minus(created, Duration::from_secs(rng.random_range(60..1_800)));
                record(&mut rng, content_type, tenant, happened)
            });
            Slice::new(created, records)
        })
        .collect();
    if let Some(one_in) = settings.repeat_one_in {
        for slice in &mut slices {
            if rng.random_ratio(1, one_in.max(1)) {
                slice.repeat = rng.random_range(1..=3);
            }
        }
    }
    slices
}

/// Divides records, in their order, into slices spread evenly over `[until - span, until)`.
pub(crate) fn spread(
    records: Vec<Bytes>,
    content_type: &str,
    seed: u64,
    span: Duration,
    until: Timestamp,
) -> Vec<Slice> {
    let plan = plan(records.len(), content_type, seed, span, until);
    let mut records = records.into_iter();
    plan.into_iter().map(|(created, size)| Slice::new(created, records.by_ref().take(size))).collect()
}

/// Creation time and size of each slice.
fn plan(records: usize, content_type: &str, seed: u64, span: Duration, until: Timestamp) -> Vec<(Timestamp, usize)> {
    let mut rng = seeded(seed, &["slices", content_type]);
    let sizes = sizes(&mut rng, records);
    let begin = minus(until, span);
    let count = sizes.len() as f64;
    sizes.into_iter().enumerate().map(|(index, size)| (plus(begin, span.mul_f64(index as f64 / count)), size)).collect()
}

fn sizes(rng: &mut StdRng, records: usize) -> Vec<usize> {
    let mut left = records;
    let mut sizes = Vec::new();
    while left > 0 {
        let size = rng.random_range(1..=LARGEST_SLICE).min(left);
        sizes.push(size);
        left -= size;
    }
    sizes
}
