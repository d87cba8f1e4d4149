use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{net::TcpListener, task::AbortHandle};

use crate::{
    clock::Clock,
    config::Config,
    http::connection::{BreakableListener, ConnectionBreaker},
    server::router,
    state::{SharedState, State},
};

/// A handle to a running simulator. Clones share the same server. **The server stops when the last clone is dropped**,
/// or with the runtime it was started in. Every method takes effect at once, for all requests that are processed
/// afterwards.
///
/// Methods that take a tenant or a content type **panic** if it does not exist: they are for tests and demos, where
/// that is a mistake in the script.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) shared: Arc<SharedState>,
    _server: Arc<Server>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state contains secrets, tokens, and perhaps 100,000 records.
        f.debug_struct("Simulator").field("address", &self.shared.address).finish_non_exhaustive()
    }
}

/// Stops the server when dropped.
#[derive(Debug)]
struct Server {
    accepting: AbortHandle,
    closed: Arc<AtomicBool>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        self.accepting.abort();
    }
}

impl Simulator {
    /// Starts a server on the current runtime, which may be single- or multi-threaded.
    ///
    /// # Errors
    ///
    /// If it cannot listen on the configured address.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let shared = Arc::new(SharedState { address: listener.local_addr()?, state: Mutex::new(State::new(config)) });
        let closed = Arc::new(AtomicBool::new(false));
        let listener = BreakableListener { listener, closed: Arc::clone(&closed) };
        let service = router(Arc::clone(&shared)).into_make_service_with_connect_info::<ConnectionBreaker>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await });
        let server = Server { accepting: serving.abort_handle(), closed };
        Ok(Simulator { shared, _server: Arc::new(server) })
    }

    /// The origin of both services, such as `http://127.0.0.1:40123`, without a trailing slash. It is both the root of
    /// the Management Activity API and the token authority.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Changes the configuration, from the next request on.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        change(&mut self.shared.state().config);
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        self.shared.state().now()
    }

    pub fn set_clock(&self, clock: Clock) {
        self.shared.state().clock = clock;
    }

    /// Sets the time to `now` and stops the clock there.
    pub fn set_now(&self, now: Timestamp) {
        self.set_clock(Clock::Manual(now));
    }

    /// Moves the clock forward. A real clock becomes one with an offset.
    pub fn advance(&self, by: Duration) {
        let clock = &mut self.shared.state().clock;
        *clock = clock.advanced(by);
    }
}
