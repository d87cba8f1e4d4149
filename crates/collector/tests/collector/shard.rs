use std::collections::BTreeMap;

use collector::feed::TenantId;
use collector::shard::Shard;
use futures::executor::block_on;
use testkit::{Interceptor, TENANT, tenant};
use uuid::Uuid;

use crate::poll_fixture::{EXCHANGE, PollFixture};

fn polled_in(fixture: &PollFixture, shard: Shard) -> Vec<String> {
    let poller = fixture.poller(&Interceptor::default());
    let report = block_on(poller.run(shard, fixture.deadline())).unwrap();
    report.tenants.into_iter().map(|tenant| tenant.secret_id).collect()
}

#[test]
fn every_secret_belongs_to_exactly_one_shard() {
    let tenants = (0..60_u128).map(|number| tenant(TenantId(Uuid::from_u128(number << 90)), &[EXCHANGE]));
    let fixture = PollFixture::of(tenants);
    (0..20).for_each(|number| fixture.tenants.put_bad(&format!("m365/bad-{number}"), "client_id is missing"));
    for count in 1..=7 {
        let mut polled = BTreeMap::<String, usize>::new();
        for index in 0..count {
            for secret_id in polled_in(&fixture, Shard::new(index, count).unwrap()) {
                *polled.entry(secret_id).or_default() += 1;
            }
        }
        assert_eq!(polled.len(), 80, "some secrets are in none of {count} shards");
        assert!(polled.values().all(|times| *times == 1), "some secrets are in two of {count} shards: {polled:?}");
    }
}

#[test]
fn the_shard_of_a_tenant_is_stable() {
    // The first 8 bytes of the SHA-256 of the GUID's 16 bytes, modulo the number of shards.
    let fixture = PollFixture::of([tenant(TENANT, &[EXCHANGE])]);
    for (count, shard) in [(4, 2), (7, 4)] {
        let shards_with_tenant: Vec<u64> =
            (0..count).filter(|index| !polled_in(&fixture, Shard::new(*index, count).unwrap()).is_empty()).collect();
        assert_eq!(shards_with_tenant, [shard], "of {count}");
    }
}

#[test]
fn secrets_of_one_tenant_share_a_shard() {
    let (first, mut second) = (tenant(TENANT, &[EXCHANGE]), tenant(TENANT, &[EXCHANGE]));
    second.secret_id = "m365/another-name".to_owned();
    let fixture = PollFixture::of([first, second]);
    assert_eq!(polled_in(&fixture, Shard::new(2, 4).unwrap()).len(), 2);
}

#[test]
fn rejects_a_shard_that_does_not_exist() {
    for (index, count) in [(0, 0), (4, 4), (5, 4)] {
        let message = Shard::new(index, count).unwrap_err().to_string();
        let example = r#"the shards of n are 0 to n-1, as in {"shard": 0, "shards": 4}"#;
        assert_eq!(message, format!("there is no shard {index} of {count}; {example}"));
    }
}
