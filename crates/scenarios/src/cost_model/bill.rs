//! What a month costs: counts, assumptions and prices, multiplied.

use super::prices::{Price, Prices};
use super::template;
use super::units::{Counts, Function, Unit};

/// Days of a month on the bill.
const DAYS: u64 = 30;

/// One line of a bill.
#[derive(Debug, Clone)]
pub struct Item {
    pub name: &'static str,
    /// How the number of units comes about.
    pub calculation: String,
    /// As it is printed.
    pub price: String,
    pub dollars: f64,
}

/// What a month costs.
#[derive(Debug, Clone)]
pub struct Bill {
    pub items: Vec<Item>,
}

impl Bill {
    #[must_use]
    pub fn dollars(&self) -> f64 {
        self.items.iter().map(|item| item.dollars).sum()
    }
}

/// What cannot be counted. Your Lambda metrics show the real durations.
#[derive(Debug, Clone, Copy)]
pub struct Assumptions {
    /// Seconds of a run of the poller or the reconciler beside its listings: start, secrets, tokens.
    pub run_seconds: f64,
    /// Seconds of a listing, with the rows that are read and written for it.
    pub listing_seconds: f64,
    /// Feeds that a run works on at once, at most.
    pub feeds_at_once: u64,
    /// Seconds of a batch in the fetcher, and besides of each of its messages.
    pub batch_seconds: f64,
    pub message_seconds: f64,
    /// Bytes in the log of an invocation: Lambda's lines, ours, and the metrics.
    pub log_bytes: u64,
    /// Lambda's pollers of the queue, and seconds of each of their empty receives.
    pub queue_pollers: u64,
    pub empty_receive_seconds: u64,
    /// Seconds for which DynamoDB keeps the table's key before it asks KMS again, and who uses the table.
    pub kms_seconds: u64,
    pub roles: u64,
    /// Days for which a window's row is kept, and bytes that DynamoDB adds to a row.
    pub row_days: u64,
    pub row_overhead: u64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            run_seconds: 2.0,
            listing_seconds: 0.6,
            feeds_at_once: 16,
            batch_seconds: 1.0,
            message_seconds: 0.2,
            log_bytes: 1_500,
            queue_pollers: 5,
            empty_receive_seconds: 20,
            kms_seconds: 300,
            roles: 3,
            row_days: 90,
            row_overhead: 100,
        }
    }
}

/// A tenant of some kind, by what was counted of it in a day.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub day: Counts,
    pub content_types: u64,
}

/// Computes bills.
#[derive(Debug, Clone)]
pub struct Billing {
    pub prices: Prices,
    pub assumptions: Assumptions,
}

const SECONDS: u64 = DAYS * 24 * 3_600;
const GB: f64 = 1_073_741_824.0;

impl Billing {
    /// What a stack costs that collects from so many tenants, beside those tenants. `day` is the day of any tenant: runs and what
    /// they do once are the same for all.
    #[must_use]
    pub fn stack(&self, day: &Counts, tenants: u64) -> Bill {
        let Self { prices, assumptions } = self;
        let run = |function| day.of(function, Unit::Invocation) * DAYS;
        let (polls, reconciliations) = (run(Function::Poller), run(Function::Reconciler));
        let runs = polls + reconciliations;
        let (poller_memory, reconciler_memory) = (gigabytes("PollerMemory"), gigabytes("ReconcilerMemory"));
        let seconds = assumptions.run_seconds;
        let gb_seconds = seconds * (polls as f64 * poller_memory + reconciliations as f64 * reconciler_memory);
        let secret_calls = super::units::read_all_secrets(tenants).1;
        let receives = SECONDS / assumptions.empty_receive_seconds * assumptions.queue_pollers;
        let dead_letters = day.of(Function::Reconciler, Unit::SqsRequest) * DAYS;
        let decrypts = SECONDS / assumptions.kms_seconds * assumptions.roles;
        let (metrics, alarms) = (template::custom_metrics(), template::resources("AWS::CloudWatch::Alarm"));
        let dashboards = template::resources("AWS::CloudWatch::Dashboard");
        let mut items = vec![
            item("metrics", &prices.metric, metrics as f64, number(metrics)),
            item("alarms", &prices.alarm, alarms as f64, number(alarms)),
            item("dashboards", &prices.dashboard, dashboards as f64, number(dashboards)),
            item(
                "polling of the empty queue by Lambda",
                &prices.sqs_request,
                receives as f64,
                format!(
                    "{} pollers, each a receive in {} s: {}",
                    assumptions.queue_pollers,
                    assumptions.empty_receive_seconds,
                    number(receives)
                ),
            ),
            item(
                "polling of the dead-letter queue",
                &prices.sqs_request,
                dead_letters as f64,
                format!("one receive in each run of the reconciler: {}", number(dead_letters)),
            ),
            item(
                "runs of poller and reconciler",
                &prices.lambda_request,
                runs as f64,
                format!("{} + {}", number(polls), number(reconciliations)),
            ),
            item(
                "their duration, without listings",
                &prices.lambda_gb_second,
                gb_seconds,
                format!(
                    "{seconds} s × ({} × {poller_memory} GB + {} × {reconciler_memory} GB) = {} GB-s",
                    number(polls),
                    number(reconciliations),
                    rounded(gb_seconds)
                ),
            ),
            item(
                "their calls of Secrets Manager",
                &prices.secrets_manager_call,
                (runs * secret_calls) as f64,
                format!("{} × {secret_calls}", number(runs)),
            ),
            self.logs(runs),
            item(
                "KMS for the key of the table",
                &prices.kms_request,
                decrypts as f64,
                format!("{} roles, once in {} s: {}", assumptions.roles, assumptions.kms_seconds, number(decrypts)),
            ),
        ];
        items.retain(|item| item.dollars > 0.0);
        Bill { items }
    }

    /// What one tenant, or `tenants` like it, add to a stack.
    #[must_use]
    pub fn tenants(&self, kind: &Tenant, tenants: u64) -> Bill {
        let Self { prices, assumptions } = self;
        let month = kind.day.times(DAYS * tenants);
        let at_once = assumptions.feeds_at_once.min(kind.content_types * tenants);
        let messages = month.of(Function::Poller, Unit::Message);
        // The messages of many tenants fill their batches.
        let full_batches = messages.div_ceil(template::parameter("BatchSize"));
        let batches = if tenants > 1 { full_batches } else { month.of(Function::Fetcher, Unit::Invocation) };
        let batch_memory = gigabytes("FetcherMemory");
        let batch_seconds = batches as f64 * assumptions.batch_seconds + messages as f64 * assumptions.message_seconds;
        let (sends, batch_requests) = (month.of(Function::Poller, Unit::SqsRequest), 2 * batches);
        let requests = sends + batch_requests;
        let by_function = |unit| {
            let [poller, fetcher, reconciler] =
                [Function::Poller, Function::Fetcher, Function::Reconciler].map(|function| month.of(function, unit));
            let calculation =
                format!("poller {}, fetcher {}, reconciler {}", number(poller), number(fetcher), number(reconciler));
            ((poller + fetcher + reconciler) as f64, calculation)
        };
        let (writes, how_written) = by_function(Unit::DynamoDbWrite);
        let (reads, how_read) = by_function(Unit::DynamoDbRead);
        let rows = month.all(Unit::WindowRow);
        let bytes = month.all(Unit::WindowByte) + rows * assumptions.row_overhead;
        let stored = bytes as f64 / GB * assumptions.row_days as f64 / DAYS as f64;
        let objects = month.of(Function::Fetcher, Unit::S3Put);
        let (reports, lists) = (month.of(Function::Reconciler, Unit::S3Put), month.all(Unit::S3List));
        let secret_reads = month.of(Function::Fetcher, Unit::SecretsManagerCall);
        Bill {
            items: vec![
                item(
                    if tenants == 1 { "its secret" } else { "their secrets" },
                    &prices.secret,
                    tenants as f64,
                    number(tenants),
                ),
                self.listings(
                    "listings of the poller",
                    "PollerMemory",
                    month.of(Function::Poller, Unit::Listing),
                    at_once,
                ),
                self.listings(
                    "listings of the reconciler",
                    "ReconcilerMemory",
                    month.of(Function::Reconciler, Unit::Listing),
                    at_once,
                ),
                item(
                    "invocations of the fetcher",
                    &prices.lambda_request,
                    batches as f64,
                    format!("{} blobs in {} batches", number(messages), number(batches)),
                ),
                item(
                    "their duration",
                    &prices.lambda_gb_second,
                    batch_seconds * batch_memory,
                    format!(
                        "{} × {} s + {} × {} s, × {batch_memory} GB = {} GB-s",
                        number(batches),
                        assumptions.batch_seconds,
                        number(messages),
                        assumptions.message_seconds,
                        rounded(batch_seconds * batch_memory)
                    ),
                ),
                item("DynamoDB write units", &prices.dynamodb_write, writes, how_written),
                item("DynamoDB read units", &prices.dynamodb_read, reads, how_read),
                Item {
                    name: "DynamoDB storage and recovery",
                    calculation: format!(
                        "{} rows kept for {} days: {stored:.3} GB",
                        number(rows),
                        assumptions.row_days
                    ),
                    price: format!("{} + {}", prices.dynamodb_storage, prices.dynamodb_recovery),
                    dollars: prices.dynamodb_storage.of(stored) + prices.dynamodb_recovery.of(stored),
                },
                Item {
                    name: "SQS requests",
                    calculation: format!("{} sends, {} receives and deletions", number(sends), number(batch_requests)),
                    price: format!("{} + {}", prices.sqs_request, prices.sqs_fair_queue),
                    dollars: prices.sqs_request.of(requests as f64) + prices.sqs_fair_queue.of(requests as f64),
                },
                item("S3 PUT, one for each blob", &prices.s3_put_or_list, objects as f64, number(objects)),
                item(
                    "S3 PUT and LIST of the reconciler",
                    &prices.s3_put_or_list,
                    (reports + lists) as f64,
                    format!("{} reports, {} lists", number(reports), number(lists)),
                ),
                item(
                    "reads of the secret by fetchers",
                    &prices.secrets_manager_call,
                    secret_reads as f64,
                    number(secret_reads),
                ),
                self.logs(batches),
            ],
        }
    }

    fn listings(&self, name: &'static str, memory: &str, listings: u64, at_once: u64) -> Item {
        let (seconds, memory) = (self.assumptions.listing_seconds, gigabytes(memory));
        let gb_seconds = listings as f64 * seconds / at_once as f64 * memory;
        let calculation = format!(
            "{} × {seconds} s, {at_once} at once, × {memory} GB = {} GB-s",
            number(listings),
            rounded(gb_seconds)
        );
        item(name, &self.prices.lambda_gb_second, gb_seconds, calculation)
    }

    fn logs(&self, invocations: u64) -> Item {
        let bytes = self.assumptions.log_bytes;
        let calculation = format!("{} × {} B", number(invocations), number(bytes));
        item("logs", &self.prices.log_gb, (invocations * bytes) as f64 / GB, calculation)
    }

    /// How long one run of the poller or the reconciler lasts with so many tenants, in seconds.
    #[must_use]
    pub fn run_seconds(&self, kind: &Tenant, tenants: u64, function: Function) -> f64 {
        let Assumptions { run_seconds, listing_seconds, feeds_at_once, .. } = self.assumptions;
        let listings = kind.day.of(function, Unit::Listing) * tenants;
        let runs = kind.day.of(function, Unit::Invocation).max(1);
        let at_once = feeds_at_once.min(kind.content_types * tenants);
        run_seconds + listings as f64 / runs as f64 * listing_seconds / at_once as f64
    }
}

fn item(name: &'static str, price: &Price, units: f64, calculation: String) -> Item {
    Item { name, calculation, price: price.to_string(), dollars: price.of(units) }
}

fn gigabytes(parameter: &str) -> f64 {
    template::parameter(parameter) as f64 / 1_024.0
}

/// With a comma before each three digits.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is rounded, and not negative")]
fn rounded(value: f64) -> String {
    number(value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_groups() {
        assert_eq!(
            ["0", "999", "1,000", "3,600,000"],
            [0, 999, 1_000, 3_600_000].map(number).each_ref().map(|n| &n[..])
        );
    }
}
