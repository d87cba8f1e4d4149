//! What tenants add to a stack.

use super::{
    Bill, Billing, Counts, DAYS, Function, GB, Item, Price, Tenant, Unit, counted, gigabytes, item, number, rounded,
};
use crate::cost_model::{template, units};

/// What the fetchers do in a month.
struct Fetching {
    messages: u64,
    batches: u64,
    sends: u64,
    receives: u64,
}

impl Fetching {
    fn of(month: &Counts, tenants: u64) -> Self {
        let messages = month.all(Unit::Message);
        let counted_batches = month.of(Function::Fetcher, Unit::Invocation);
        let requests_per_batch = units::RECEIVE_AND_DELETE_BATCH.1;
        let delayed_copies = month.of(Function::Fetcher, Unit::SqsRequest) - requests_per_batch * counted_batches;
        // The messages of many tenants fill their batches.
        let full_batches = messages.div_ceil(template::parameter("BatchSize"));
        let batches = if tenants > 1 { full_batches } else { counted_batches };
        Self {
            messages,
            batches,
            sends: month.of(Function::Poller, Unit::SqsRequest) + delayed_copies,
            receives: requests_per_batch * batches,
        }
    }
}

impl Billing {
    /// What one tenant, or `tenants` like it, add to a stack.
    #[must_use]
    pub fn tenants(&self, kind: &Tenant, tenants: u64) -> Bill {
        let prices = &self.prices;
        let month = kind.day.times(DAYS * tenants);
        let at_once = self.feeds_at_once(kind, tenants);
        let fetching = Fetching::of(&month, tenants);
        let listed = |function| month.of(function, Unit::Listing);
        let (reports, lists) = (month.of(Function::Reconciler, Unit::S3Put), month.all(Unit::S3List));
        Bill {
            items: vec![
                counted(if tenants == 1 { "its secret" } else { "their secrets" }, &prices.secret, tenants),
                self.listings("listings of the poller", "PollerMemory", listed(Function::Poller), at_once),
                self.listings("listings of the reconciler", "ReconcilerMemory", listed(Function::Reconciler), at_once),
                item(
                    "invocations of the fetcher",
                    &prices.lambda_request,
                    fetching.batches as f64,
                    format!("{} messages in {} batches", number(fetching.messages), number(fetching.batches)),
                ),
                self.fetchers(&fetching),
                by_function("DynamoDB write units", &prices.dynamodb_write, &month, Unit::DynamoDbWrite),
                by_function("DynamoDB read units", &prices.dynamodb_read, &month, Unit::DynamoDbRead),
                self.stored_rows(&month),
                self.queue_requests(&fetching),
                counted("S3 PUT, one for each blob", &prices.s3_put_or_list, month.of(Function::Fetcher, Unit::S3Put)),
                item(
                    "S3 PUT and LIST of the reconciler",
                    &prices.s3_put_or_list,
                    (reports + lists) as f64,
                    format!("{} reports, {} lists", number(reports), number(lists)),
                ),
                counted(
                    "reads of the secret by fetchers",
                    &prices.secrets_manager_call,
                    month.of(Function::Fetcher, Unit::SecretsManagerCall),
                ),
                Item { name: "logs of the fetcher", ..self.logs(fetching.batches) },
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

    fn fetchers(&self, Fetching { messages, batches, .. }: &Fetching) -> Item {
        let (of_batch, of_message) = (self.assumptions.batch_seconds, self.assumptions.message_seconds);
        let memory = gigabytes("FetcherMemory");
        let gb_seconds = (*batches as f64 * of_batch + *messages as f64 * of_message) * memory;
        let calculation = format!(
            "({} × {of_batch} s + {} × {of_message} s) × {memory} GB = {} GB-s",
            number(*batches),
            number(*messages),
            rounded(gb_seconds)
        );
        item("their duration", &self.prices.lambda_gb_second, gb_seconds, calculation)
    }

    fn stored_rows(&self, month: &Counts) -> Item {
        let (days, overhead) = (self.assumptions.row_days, self.assumptions.row_overhead);
        let rows = month.all(Unit::WindowRow);
        let written = (month.all(Unit::WindowByte) + rows * overhead) as f64 / GB;
        let stored = written * days as f64 / DAYS as f64;
        let (storage, recovery) = (&self.prices.dynamodb_storage, &self.prices.dynamodb_recovery);
        Item {
            name: "DynamoDB storage and recovery",
            calculation: format!("{} rows, each kept for {days} days: {stored:.3} GB", number(rows)),
            price: format!("{storage} + {recovery}"),
            dollars: storage.of(stored) + recovery.of(stored),
        }
    }

    fn queue_requests(&self, Fetching { sends, receives, .. }: &Fetching) -> Item {
        let (request, fair_queue) = (&self.prices.sqs_request, &self.prices.sqs_fair_queue);
        let requests = (sends + receives) as f64;
        Item {
            name: "SQS requests",
            calculation: format!("{} sends, {} receives and deletions", number(*sends), number(*receives)),
            price: format!("{request} + {fair_queue}"),
            dollars: request.of(requests) + fair_queue.of(requests),
        }
    }
}

fn by_function(name: &'static str, price: &Price, month: &Counts, unit: Unit) -> Item {
    let used = [("poller", Function::Poller), ("fetcher", Function::Fetcher), ("reconciler", Function::Reconciler)]
        .map(|(function, of)| (function, month.of(of, unit)))
        .into_iter()
        .filter(|(_, units)| *units > 0);
    let calculation: Vec<String> = used.map(|(function, units)| format!("{function} {}", number(units))).collect();
    item(name, price, month.all(unit) as f64, calculation.join(", "))
}
