//! What all functions share around their use case: environment, logs, metrics, time.

mod ambient;
mod deadline;
mod environment;
mod logs;
mod loss_log;
mod metrics;

pub use self::ambient::{SystemClock, ThreadDice};
pub use self::deadline::deadline;
pub use self::environment::{BadEnvironment, Common, Environment};
pub use self::logs::start_logging;
pub use self::loss_log::log_loss;
pub use self::metrics::{Metrics, MetricsLog};
