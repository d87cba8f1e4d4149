//! Families of ports for tests.

use std::marker::PhantomData;

use collector::ports::{Clock, Jitter, ManagementApi, Ports, Queue};

use super::Intercepted;
use crate::{
    FakeManagementApi, FixedJitter, ManualClock, MemoryArchive, MemoryLeases, MemoryQueue, MemoryRateLimiter,
    MemoryState, MemoryTenants,
};

/// Every port in memory.
#[derive(Debug, Clone, Copy)]
pub struct InMemory<C = ManualClock, J = FixedJitter>(PhantomData<(C, J)>);

impl<C: Clock, J: Jitter> Ports for InMemory<C, J> {
    type Tenants = MemoryTenants;
    type ManagementApi = FakeManagementApi;
    type Cursors = MemoryState;
    type Windows = MemoryState;
    type OpenContents = MemoryState;
    type Losses = MemoryState;
    type Leases = MemoryLeases;
    type Queue = MemoryQueue;
    type DeadLetters = Option<MemoryQueue>;
    type Archive = MemoryArchive;
    type ArchiveIndex = MemoryArchive;
    type RateLimiter = MemoryRateLimiter<C>;
    type Clock = C;
    type Jitter = J;
}

/// The ports of `P`, each behind an [`Interceptor`](super::Interceptor); clock and jitter are as they are.
#[derive(Debug, Clone, Copy)]
pub struct WithInterceptor<'a, P>(PhantomData<(&'a (), P)>);

impl<'a, P: Ports> Ports for WithInterceptor<'a, P> {
    type Tenants = Intercepted<'a, P::Tenants>;
    type ManagementApi = Intercepted<'a, P::ManagementApi>;
    type Cursors = Intercepted<'a, P::Cursors>;
    type Windows = Intercepted<'a, P::Windows>;
    type OpenContents = Intercepted<'a, P::OpenContents>;
    type Losses = Intercepted<'a, P::Losses>;
    type Leases = Intercepted<'a, P::Leases>;
    type Queue = Intercepted<'a, P::Queue>;
    type DeadLetters = Intercepted<'a, P::DeadLetters>;
    type Archive = Intercepted<'a, P::Archive>;
    type ArchiveIndex = Intercepted<'a, P::ArchiveIndex>;
    type RateLimiter = Intercepted<'a, P::RateLimiter>;
    type Clock = P::Clock;
    type Jitter = P::Jitter;
}

/// The ports of `P`, with another queue.
#[derive(Debug, Clone, Copy)]
pub struct WithQueue<P, Q>(PhantomData<(P, Q)>);

impl<P: Ports, Q: Queue> Ports for WithQueue<P, Q> {
    type Tenants = P::Tenants;
    type ManagementApi = P::ManagementApi;
    type Cursors = P::Cursors;
    type Windows = P::Windows;
    type OpenContents = P::OpenContents;
    type Losses = P::Losses;
    type Leases = P::Leases;
    type Queue = Q;
    type DeadLetters = P::DeadLetters;
    type Archive = P::Archive;
    type ArchiveIndex = P::ArchiveIndex;
    type RateLimiter = P::RateLimiter;
    type Clock = P::Clock;
    type Jitter = P::Jitter;
}

/// The ports of `P`, with another Management Activity API.
#[derive(Debug, Clone, Copy)]
pub struct WithManagementApi<P, A>(PhantomData<(P, A)>);

impl<P: Ports, A: ManagementApi> Ports for WithManagementApi<P, A> {
    type Tenants = P::Tenants;
    type ManagementApi = A;
    type Cursors = P::Cursors;
    type Windows = P::Windows;
    type OpenContents = P::OpenContents;
    type Losses = P::Losses;
    type Leases = P::Leases;
    type Queue = P::Queue;
    type DeadLetters = P::DeadLetters;
    type Archive = P::Archive;
    type ArchiveIndex = P::ArchiveIndex;
    type RateLimiter = P::RateLimiter;
    type Clock = P::Clock;
    type Jitter = P::Jitter;
}
