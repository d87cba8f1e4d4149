//! The real client, in a process that may be killed, and with responses that may take minutes.

use std::future::ready;
use std::rc::Rc;

use bytes::Bytes;
use collector::failure::Failure;
use collector::feed::ContentType;
use collector::ports::{ContentPage, Jitter, ManagementApi};
use collector::tenant::Tenant;
use collector::window::Window;
use futures::{Stream, StreamExt};
use jiff::SignedDuration;
use management_api::Client;
use url::Url;

use crate::faults::Faults;
use crate::faulty_ports::Faulty;
use crate::time::{SimulatedTime, SkewedClock};

/// The client of one execution environment; invocations share it until one is killed.
#[derive(Debug, Clone)]
pub(crate) struct SharedClient {
    pub(crate) client: Rc<Client<SkewedClock, SeededJitter>>,
    pub(crate) time: SimulatedTime,
}

#[derive(Debug, Clone)]
pub(crate) struct SeededJitter(pub(crate) Rc<Faults>);

impl Jitter for SeededJitter {
    fn sample(&self) -> f64 {
        self.0.random.sample("jitter")
    }
}

impl Faulty<SharedClient> {
    /// Rarely, a response takes so long that a deadline may pass meanwhile.
    fn delay(&self) {
        if self.faults.happens("Microsoft: response delayed by minutes", 0.002) {
            self.port.time.advance(SignedDuration::from_secs(self.faults.random.between("response delay", 30, 240)));
        }
    }
}

impl ManagementApi for Faulty<SharedClient> {
    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        self.delay();
        self.crash_point.around(self.port.client.enabled_subscriptions(tenant)).await
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        self.crash_point.around(self.port.client.start_subscription(tenant, content_type)).await
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        self.port.client.list(tenant, content_type, window).then(|page| {
            self.delay();
            self.crash_point.around(ready(page))
        })
    }

    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        self.delay();
        let blob = self.crash_point.around(self.port.client.open(tenant, uri)).await?;
        Ok(blob.then(|bytes| self.crash_point.around(ready(bytes))))
    }
}
