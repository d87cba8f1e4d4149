//! The fixture of all scenarios.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use management_api_simulator::{Config, Generate, Simulator, Tenant, Throttle};
use scenarios::comparison::Comparison;
use scenarios::local_collector::LocalCollector;
use uuid::Uuid;

/// A collector, a simulated Microsoft, and one tenant.
pub(crate) struct Fixture {
    pub(crate) collector: LocalCollector,
    pub(crate) microsoft: Simulator,
    pub(crate) tenant: Uuid,
}

impl Fixture {
    /// At noon, with a tenant that collects `content_types`. Its subscriptions are enabled; nothing is published yet.
    pub(crate) async fn of(content_types: &[&str]) -> Self {
        let throttle = Throttle { requests_per_minute: None, ..Throttle::default() };
        let microsoft = Simulator::start(Config { throttle, page_size: 3, ..Config::default() }).await.unwrap();
        microsoft.set_now(at("2026-11-22T12:00:00Z"));
        let tenant = Tenant::example(1).subscribed();
        let mut secret: serde_json::Value = serde_json::from_str(&tenant.credentials_json()).unwrap();
        secret["content_types"] = content_types.into();
        let tenant = microsoft.add_tenant(tenant);
        let collector = LocalCollector::new(&microsoft).await;
        collector.resources.put_secret("contoso", &secret.to_string()).await;
        Self { collector, microsoft, tenant }
    }

    /// Publishes `count` records of all content types over the `hours` before now.
    pub(crate) fn publish(&self, seed: u64, count: usize, hours: u64) {
        let until = self.microsoft.now() - Duration::from_secs(10);
        self.microsoft.generate(self.tenant, &Generate::new(seed, count, Duration::from_secs(hours * 3_600), until));
    }

    /// Publishes one Exchange record, created at `created`.
    pub(crate) fn publish_one(&self, created: &str, record: &str) {
        self.microsoft.publish(self.tenant, "Audit.Exchange", at(created), [record.to_owned()]);
    }

    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.collector.advance(SignedDuration::from_mins(minutes));
    }

    pub(crate) async fn comparison(&self) -> Comparison {
        let resources = &self.collector.resources;
        Comparison::of(&self.microsoft, self.tenant, &resources.sdk.s3(), &resources.bucket, "m365").await
    }

    /// Asserts that everything that was published is archived once, and that the simulator reports no problem.
    pub(crate) async fn assert_complete(&self) {
        let total = self.comparison().await.total();
        assert!(total.published > 0, "nothing was published, so the test shows nothing");
        assert_eq!((total.lost, total.surplus), (0, 0), "lost and surplus of {} records", total.published);
        self.microsoft.assert_clean();
    }
}

pub(crate) const ALL: [&str; 5] =
    ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"];

pub(crate) fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}
