//! CloudWatch metrics in the embedded metric format: one log line per invocation, no API call.

use std::io::{self, Write};
use std::time::SystemTime;

use metrique_writer::Entry;
use metrique_writer::format::Format;
use metrique_writer::unit::{AsBytes, AsCount, AsSeconds};
use metrique_writer_format_emf::Emf;

const NAMESPACE: &str = "M365Audit";

/// The metrics of one invocation. Those that a function does not measure stay `None` and are not written.
#[derive(Debug, Clone, Default, Entry)]
#[entry(rename_all = "PascalCase")]
pub struct Metrics {
    /// Content blobs put into the queue.
    pub content_listed: Option<AsCount<u64>>,
    /// Content blobs whose object is in the archive.
    pub content_archived: Option<AsCount<u64>>,
    /// Audit records in them.
    pub records: Option<AsCount<u64>>,
    /// Bytes of JSON received.
    pub bytes_in: Option<AsBytes<u64>>,
    /// Bytes of gzip stored.
    pub bytes_out: Option<AsBytes<u64>>,
    /// Contents, or spans of time, that can never be collected.
    pub content_lost: Option<AsCount<u64>>,
    /// Requests that Microsoft refused because of the quota.
    pub throttled: Option<AsCount<u64>>,
    /// The lag of the cursor that is furthest behind.
    pub cursor_lag_seconds: Option<AsSeconds<u64>>,
    /// Tenants of which at least one content type failed.
    pub tenant_errors: Option<AsCount<u64>>,
    /// Content that appeared in a window after it had been listed.
    pub late_content: Option<AsCount<u64>>,
    /// Content without an object when its window was rechecked; it was queued again.
    pub missing_content: Option<AsCount<u64>>,
    /// Other shards whose runs stay away. Only where there are several shards.
    pub shards_overdue: Option<AsCount<u64>>,
}

#[derive(Entry)]
struct Line {
    #[entry(timestamp)]
    timestamp: SystemTime,
    #[entry(name = "Stack")]
    stack: Option<String>,
    #[entry(flatten)]
    metrics: Metrics,
}

/// Writes metrics to standard output.
#[derive(Debug, Clone)]
pub struct MetricsLog {
    stack: Option<String>,
}

impl MetricsLog {
    /// Metrics with the one dimension `Stack`, which separates several collectors in one account. Without a stack's
    /// name there is no dimension.
    #[must_use]
    pub fn new(stack: Option<String>) -> Self {
        Self { stack: stack.filter(|name| !name.is_empty()) }
    }

    /// Writes `metrics` to standard output as one line.
    pub fn write(&self, metrics: &Metrics) {
        if let Err(error) = self.write_to(metrics, SystemTime::now(), &mut io::stdout().lock()) {
            tracing::error!(%error, "the metrics of this invocation could not be written");
        }
    }

    fn write_to(&self, metrics: &Metrics, timestamp: SystemTime, out: &mut impl Write) -> io::Result<()> {
        let dimensions = self.stack.iter().map(|_| "Stack".to_owned()).collect();
        let mut format = Emf::builder(NAMESPACE.to_owned(), vec![dimensions]).build();
        let line = Line { timestamp, stack: self.stack.clone(), metrics: metrics.clone() };
        format.format(&line, out).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stack: Option<&str>, metrics: &Metrics) -> serde_json::Value {
        let mut out = Vec::new();
        let log = MetricsLog::new(stack.map(str::to_owned));
        log.write_to(metrics, SystemTime::UNIX_EPOCH, &mut out).expect("writing to memory");
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1, "one line, one event");
        serde_json::from_slice(&out).expect("one JSON object")
    }

    #[test]
    fn writes_only_metrics_that_were_measured() {
        let metrics = Metrics { records: Some(3_191.into()), bytes_in: Some(4_302_716.into()), ..Metrics::default() };
        let line = line(Some("audit"), &metrics);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "M365Audit");
        assert_eq!(directive["Dimensions"], serde_json::json!([["Stack"]]));
        assert_eq!(line["Stack"], "audit");
        assert_eq!(line["Records"], 3_191);
        assert_eq!(line["BytesIn"], 4_302_716);
        assert_eq!(line.get("ContentLost"), None);
    }

    #[test]
    fn has_no_dimension_without_a_stack_name() {
        let line = line(None, &Metrics { cursor_lag_seconds: Some(7.into()), ..Metrics::default() });
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], serde_json::json!([[]]));
        assert_eq!(line["CursorLagSeconds"], 7);
    }
}
