//! Every port, forwarded through the interceptor.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use collector::content::ContentDigest;
use collector::failure::Failure;
use collector::feed::{ContentType, FeedId, TenantId};
use collector::lease::{Handover, Lease};
use collector::message::ContentMessage;
use collector::ports::{
    Acquisition, Archive, ArchiveIndex, ArchiveObject, ContentPage, DeadLetters, DelayedCopy, Freshness, Leases,
    MalformedBodies, ManagementApi, ObjectMetadata, Queue, RateLimiter, Tenants,
};
use collector::shard::Shard;
use collector::tenant::{InvalidSecret, Tenant};
use collector::window::Window;
use futures::Stream;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Action, Intercepted, PortCall, act};

impl<P> Intercepted<'_, P> {
    pub(super) async fn call<T>(
        &self,
        call: PortCall<'_>,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.interceptor.call(call, work).await
    }
}

impl<P: Leases> Leases for Intercepted<'_, P> {
    async fn acquire(&self, shard: Shard, until: Timestamp) -> Result<Acquisition, Failure> {
        self.call(PortCall::AcquireLease, self.port.acquire(shard, until)).await
    }

    async fn release(&self, shard: Shard, lease: &Lease, handover: &Handover) -> Result<(), Failure> {
        self.call(PortCall::ReleaseLease, self.port.release(shard, lease, handover)).await
    }

    async fn other_runs(&self, shard: Shard) -> Result<BTreeMap<u64, Timestamp>, Failure> {
        self.call(PortCall::OtherRuns, self.port.other_runs(shard)).await
    }
}

impl<P: Tenants> Tenants for Intercepted<'_, P> {
    async fn all(&self) -> Result<Vec<Result<Arc<Tenant>, InvalidSecret>>, Failure> {
        self.call(PortCall::AllTenants, self.port.all()).await
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Arc<Tenant>, Failure> {
        match freshness {
            Freshness::Cached => self.port.one(secret_id, freshness).await,
            Freshness::Fresh => self.call(PortCall::ReadTenant(secret_id), self.port.one(secret_id, freshness)).await,
        }
    }
}

impl<P: ManagementApi> ManagementApi for Intercepted<'_, P> {
    fn clock_offset(&self) -> SignedDuration {
        self.port.clock_offset()
    }

    async fn enabled_subscriptions(&self, tenant: &Tenant) -> Result<Vec<ContentType>, Failure> {
        self.call(PortCall::Subscriptions(tenant.id), self.port.enabled_subscriptions(tenant)).await
    }

    async fn start_subscription(&self, tenant: &Tenant, content_type: ContentType) -> Result<(), Failure> {
        let call = PortCall::StartSubscription(tenant.feed(content_type));
        self.call(call, self.port.start_subscription(tenant, content_type)).await
    }

    fn list(
        &self,
        tenant: &Tenant,
        content_type: ContentType,
        window: Window,
    ) -> impl Stream<Item = Result<ContentPage, Failure>> {
        let feed = tenant.feed(content_type);
        let action = self.interceptor.action(PortCall::List(feed, window));
        self.interceptor.stream(action, self.port.list(tenant, content_type, window), PortCall::Page(feed))
    }

    async fn open(&self, tenant: &Tenant, uri: &Url) -> Result<impl Stream<Item = Result<Bytes, Failure>>, Failure> {
        let action = self.interceptor.action(PortCall::Open(tenant));
        let opened = Box::pin(act(action.clone(), self.port.open(tenant, uri)));
        let bytes = self.interceptor.crash_point.around(opened).await?;
        // The other actions have been taken by now.
        let action = match action {
            Action::FailAfterFirst(_) => action,
            Action::Proceed | Action::Fail(_) | Action::LoseResponse(_) | Action::GiveWay | Action::Hang => {
                Action::Proceed
            }
        };
        Ok(self.interceptor.stream(action, bytes, PortCall::ReadBlob))
    }
}

impl<P: Queue> Queue for Intercepted<'_, P> {
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        // One by one: a process may crash, or SQS may fail, when only some messages of a page are in the queue.
        let send = async {
            for message in messages {
                self.call(PortCall::SendOne, self.port.send(std::slice::from_ref(message))).await?;
            }
            Ok(())
        };
        act(self.interceptor.action(PortCall::Send), send).await
    }

    async fn send_delayed(&self, copies: &[DelayedCopy<'_>]) -> Result<(), Failure> {
        self.call(PortCall::SendDelayed, self.port.send_delayed(copies)).await
    }

    async fn waiting(&self) -> Result<u64, Failure> {
        self.call(PortCall::Waiting, self.port.waiting()).await
    }

    async fn change_visibility(&self, receipt: &str, timeout: SignedDuration) -> Result<(), Failure> {
        self.call(PortCall::ChangeVisibility, self.port.change_visibility(receipt, timeout)).await
    }
}

impl<P: DeadLetters> DeadLetters for Intercepted<'_, P> {
    type Receipt = P::Receipt;

    async fn receive(&self) -> Result<Vec<(P::Receipt, String)>, Failure> {
        self.call(PortCall::ReceiveDeadLetters, self.port.receive()).await
    }

    async fn remove(&self, receipt: P::Receipt) -> Result<(), Failure> {
        self.call(PortCall::RemoveDeadLetter, self.port.remove(receipt)).await
    }
}

impl<'a, P: Archive> Archive for Intercepted<'a, P> {
    type Object = Intercepted<'a, P::Object>;

    async fn begin(&self) -> Result<Self::Object, Failure> {
        Ok(self.interceptor.wrap(self.call(PortCall::BeginObject, self.port.begin()).await?))
    }
}

impl<P: ArchiveObject> ArchiveObject for Intercepted<'_, P> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        // The compressor has no output yet for most of the chunks that it gets.
        if bytes.is_empty() {
            return Ok(());
        }
        self.interceptor.call(PortCall::WriteObject, self.port.write(bytes)).await
    }

    async fn store(self, key: &str, metadata: &ObjectMetadata) -> Result<(), Failure> {
        self.interceptor.call(PortCall::StoreObject(key), self.port.store(key, metadata)).await
    }
}

impl<P: MalformedBodies> MalformedBodies for Intercepted<'_, P> {
    async fn malformed(&self, feed: FeedId, content: ContentDigest, day: Timestamp) -> Result<Vec<String>, Failure> {
        self.call(PortCall::Malformed(feed), self.port.malformed(feed, content, day)).await
    }
}

impl<P: ArchiveIndex> ArchiveIndex for Intercepted<'_, P> {
    async fn archived(&self, feed: FeedId, hour: Timestamp) -> Result<HashSet<ContentDigest>, Failure> {
        self.call(PortCall::Archived(feed), self.port.archived(feed, hour)).await
    }

    async fn store_report(&self, key: &str, json: Vec<u8>) -> Result<(), Failure> {
        self.call(PortCall::StoreReport(key), self.port.store_report(key, json)).await
    }
}

impl<P: RateLimiter> RateLimiter for Intercepted<'_, P> {
    async fn reserve(&self, tenant_id: TenantId, requests: u32) -> Result<Option<Vec<Timestamp>>, Failure> {
        self.call(PortCall::Reserve(tenant_id), self.port.reserve(tenant_id, requests)).await
    }

    async fn charge(&self, tenant_id: TenantId, requests: u32) -> Result<(), Failure> {
        self.call(PortCall::Charge(tenant_id), self.port.charge(tenant_id, requests)).await
    }

    async fn reduced_at(&self, tenant_id: TenantId) -> Result<Option<Timestamp>, Failure> {
        self.call(PortCall::ReducedAt(tenant_id), self.port.reduced_at(tenant_id)).await
    }

    async fn on_throttled(&self, tenant_id: TenantId, retry_after: Option<SignedDuration>) -> Result<(), Failure> {
        self.call(PortCall::OnThrottled(tenant_id), self.port.on_throttled(tenant_id, retry_after)).await
    }
}
