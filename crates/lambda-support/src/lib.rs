//! What all functions share around their use case: environment, logs, metrics, time.

mod deadline;
mod environment;
mod invocation_error;
mod logging;
mod metrics;
mod shard;
mod system;

pub use self::deadline::deadline;
pub use self::environment::{Environment, InvalidEnvironment, ProcessEnvironment};
pub use self::invocation_error::InvocationError;
pub use self::logging::{log_loss, log_overdue_shards, start_logging};
pub use self::metrics::{Metrics, MetricsLog};
pub use self::shard::shard;
pub use self::system::{RandomJitter, SystemClock};
