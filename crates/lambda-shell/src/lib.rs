//! What all functions share around their use case: environment, logs, metrics, time.

mod ambient;
mod deadline;
mod environment;
mod logs;
mod metrics;

pub use self::ambient::{SystemClock, ThreadDice};
pub use self::deadline::deadline;
pub use self::environment::{BadEnvironment, Environment};
pub use self::logs::start_logging;
pub use self::metrics::{Metrics, MetricsLog};
