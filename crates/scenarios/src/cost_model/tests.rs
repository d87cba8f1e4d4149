//! The targets that a month and a day are held to.

use super::*;

fn day(publishing: Publishing) -> Tenant {
    let day = block_on(CostModel::new(&ContentType::ALL, publishing).eighth_day());
    Tenant { day, content_types: ContentType::ALL.len() as u64 }
}

fn billing() -> Billing {
    Billing { prices: Prices::read(), assumptions: Assumptions::default() }
}

#[test]
fn small_tenant_costs_at_most_a_dollar() {
    let small = day(Publishing::PerHour(10));
    assert_eq!(small.day.of(Function::Fetcher, Unit::S3Put), 240, "every content is archived once");
    assert_eq!(small.day.all(Unit::OnlyAfterAFault), 0);
    let (alone, stack) = (billing().tenants(&small, 1), billing().stack(&small.day, 1));
    assert_eq!(alone.items[0].name, "its secret");
    assert!((alone.items[0].dollars - 0.4).abs() < 1e-9);
    // With what poller and reconciler cost besides their listings, as if they ran for this tenant alone.
    let of_runs = |item: &&Item| item.name.starts_with("runs of") || item.name.starts_with("their");
    let runs: f64 = stack.items.iter().filter(of_runs).map(|item| item.dollars).sum();
    let sum = alone.dollars() + runs;
    assert!(sum <= 1.0, "a small tenant costs ${sum:.2} a month: {:#?}", alone.items);
}

/// The targets of `docs/reliability.md`.
#[test]
fn quiet_tenant_uses_few_units() {
    let Tenant { day, .. } = day(Publishing::Nothing);
    assert_eq!(day.of(Function::Poller, Unit::Listing), 1_440);
    assert!(day.of(Function::Reconciler, Unit::Listing) <= 600);
    let writes = day.all(Unit::DynamoDbWrite);
    assert!(writes <= 3_800, "{writes} write units a day");
    assert!(day.all(Unit::WindowRow) <= 150);
    assert_eq!(day.all(Unit::S3List), 0);
    assert_eq!(day.of(Function::Fetcher, Unit::Invocation), 0);
}

#[test]
fn thousand_tenants_share_the_runs() {
    let quiet = day(Publishing::Nothing);
    let (one, many) = (billing().tenants(&quiet, 1), billing().tenants(&quiet, 1_000));
    assert!(many.dollars() < 1_000.0 * one.dollars());
    let page = Page { billing: &billing(), small: &quiet, large: &quiet }.markdown();
    assert!(page.contains("| alarms | "), "{page}");
}
