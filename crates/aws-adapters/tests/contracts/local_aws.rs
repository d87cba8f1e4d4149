//! The local AWS for the contract suites; `make test` starts it.

use aws_adapters::Sdk;
use testkit::ManualClock;
use uuid::Uuid;

pub(crate) async fn sdk() -> Sdk {
    assert!(
        std::env::var("LOCAL_AWS_URL").is_ok(),
        "no local AWS: run `make test`, or `infra/local/with-local-aws cargo test`"
    );
    Sdk::load(true).await
}

/// A name that no other test uses.
pub(crate) fn unique(kind: &str) -> String {
    format!("{kind}-{}", Uuid::new_v4().simple())
}

/// A clock that stands still at the time of the tests.
pub(crate) fn clock() -> ManualClock {
    ManualClock::at(testkit::at("2026-11-22T12:00:00Z"))
}
