//! `docs/costs.md`, from its template.

use super::bill::{Bill, Billing, Tenant, number};
use super::units::{Counts, Function, Unit};

const TEMPLATE: &str = include_str!("costs.md.template");

/// What the page is written from.
pub struct Page<'a> {
    pub billing: &'a Billing,
    pub small: &'a Tenant,
    pub large: &'a Tenant,
}

impl Page<'_> {
    /// The whole file.
    ///
    /// # Panics
    /// If the template has a placeholder that nothing replaces.
    #[must_use]
    pub fn markdown(&self) -> String {
        const MANY: u64 = 1_000;
        let Self { billing, small, large } = self;
        let (stack, many_stack) = (billing.stack(&small.day, 1), billing.stack(&small.day, MANY));
        let (one_small, one_large) = (billing.tenants(small, 1), billing.tenants(large, 1));
        let many_small = billing.tenants(small, MANY);
        let prices = &billing.prices;
        let assumptions = &billing.assumptions;
        let mut page = TEMPLATE.to_owned();
        for (name, text) in [
            ("stack", table(&stack)),
            ("small", table(&one_small)),
            ("large", table(&one_large)),
            ("many_stack", table(&many_stack)),
            ("many", table(&many_small)),
            ("stack_sum", dollars(stack.dollars())),
            ("small_sum", dollars(one_small.dollars())),
            ("stack_small_sum", dollars(stack.dollars() + one_small.dollars())),
            ("large_sum", dollars(one_large.dollars())),
            ("many_sum", dollars(many_stack.dollars() + many_small.dollars())),
            ("many_each", dollars((many_stack.dollars() + many_small.dollars()) / MANY as f64)),
            ("many_poller_seconds", seconds(billing.run_seconds(small, MANY, Function::Poller))),
            ("many_reconciler_seconds", seconds(billing.run_seconds(small, MANY, Function::Reconciler))),
            ("secret", prices.secret.to_string()),
            ("counted", counted([&small.day, &large.day])),
            ("prices", price_table(billing)),
            ("s3_storage", prices.s3_storage.to_string()),
            ("athena", prices.athena_tb.to_string()),
            ("dashboard", prices.dashboard.to_string()),
            ("run_seconds", assumptions.run_seconds.to_string()),
            ("listing_seconds", assumptions.listing_seconds.to_string()),
            ("feeds_at_once", assumptions.feeds_at_once.to_string()),
            ("batch_seconds", assumptions.batch_seconds.to_string()),
            ("message_seconds", assumptions.message_seconds.to_string()),
            ("log_bytes", number(assumptions.log_bytes)),
            ("queue_pollers", assumptions.queue_pollers.to_string()),
            ("empty_receive_seconds", assumptions.empty_receive_seconds.to_string()),
            ("kms_minutes", (assumptions.kms_seconds / 60).to_string()),
        ] {
            page = page.replace(&format!("{{{{{name}}}}}"), text.trim_end());
        }
        let left = page.find("{{").map(|at| page[at..].chars().take(40).collect::<String>());
        assert_eq!(left, None, "the template of docs/costs.md has an unknown placeholder");
        page
    }
}

fn seconds(seconds: f64) -> String {
    dollars(seconds.round()).trim_end_matches(".00").to_owned()
}

/// With two decimals, and a comma before each three digits.
fn dollars(dollars: f64) -> String {
    let cents = format!("{dollars:.2}");
    match cents.split_once('.') {
        Some((whole, cents)) => format!("{}.{cents}", whole.parse().map_or(whole.to_owned(), number)),
        None => cents,
    }
}

fn table(bill: &Bill) -> String {
    let rows = bill.items.iter().map(|item| {
        let (name, calculation, price) = (item.name, &item.calculation, &item.price);
        format!("| {name} | {calculation} | {price} | {} |\n", dollars(item.dollars))
    });
    let head = "| item | units | price | $ a month |\n|---|---|---|---:|\n";
    format!("{head}{}| **sum** | | | **{}** |\n", rows.collect::<String>(), dollars(bill.dollars()))
}

fn price_table(billing: &Billing) -> String {
    let rows = billing.prices.all().map(|price| {
        let looked_up = price.looked_up.as_ref().map_or("not yet".to_owned(), |look_up| {
            let host = look_up.at.split('/').next().unwrap_or_default();
            format!("{} at {host}", look_up.day)
        });
        let page = price.page.trim_start_matches("https://").trim_end_matches('/');
        format!("| {price} | {} | [{page}]({}) | {looked_up} |\n", price.unit, price.page)
    });
    format!("| price | for | AWS's page | looked up |\n|---|---|---|---|\n{}", rows.concat())
}

fn counted(days: [&Counts; 2]) -> String {
    let mut table = "| counted in a day | small | large |\n|---|---:|---:|\n".to_owned();
    for (name, function, unit) in [
        ("polls", Function::Poller, Unit::Invocation),
        ("windows listed by the poller", Function::Poller, Unit::Listing),
        ("messages", Function::Poller, Unit::Message),
        ("rows of windows", Function::Poller, Unit::WindowRow),
        ("bytes of these rows", Function::Poller, Unit::WindowByte),
        ("DynamoDB write units of the poller", Function::Poller, Unit::DynamoDbWrite),
        ("DynamoDB read units of the poller", Function::Poller, Unit::DynamoDbRead),
        ("requests that send messages", Function::Poller, Unit::SqsRequest),
        ("batches of the fetchers", Function::Fetcher, Unit::Invocation),
        ("objects", Function::Fetcher, Unit::S3Put),
        ("DynamoDB write units of the rate limiter", Function::Fetcher, Unit::DynamoDbWrite),
        ("GetSecretValue of the fetchers", Function::Fetcher, Unit::SecretsManagerCall),
        ("runs of the reconciler", Function::Reconciler, Unit::Invocation),
        ("windows listed again", Function::Reconciler, Unit::Listing),
        ("DynamoDB write units of the reconciler", Function::Reconciler, Unit::DynamoDbWrite),
        ("DynamoDB read units of the reconciler", Function::Reconciler, Unit::DynamoDbRead),
        ("S3 LIST", Function::Reconciler, Unit::S3List),
        ("completeness reports", Function::Reconciler, Unit::S3Put),
    ] {
        let [small, large] = days.map(|day| number(day.of(function, unit)));
        table += &format!("| {name} | {small} | {large} |\n");
    }
    table
}
