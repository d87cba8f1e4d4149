//! What all functions share around their use case: environment, logs, metrics, time.

mod deadline;
mod environment;
mod logs;
mod loss_log;
mod metrics;
mod system;

pub use self::deadline::deadline;
pub use self::environment::{Common, Environment, InvalidEnvironment};
pub use self::logs::start_logging;
pub use self::loss_log::log_loss;
pub use self::metrics::{Metrics, MetricsLog};
pub use self::system::{RandomJitter, SystemClock};
