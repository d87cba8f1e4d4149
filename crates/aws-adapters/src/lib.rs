//! AWS's side: the ports of [`audit_feed::ports`] over DynamoDB, SQS, S3 and Secrets Manager.
//!
//! Retries of AWS calls are the SDK's; what comes out of here as [`audit_feed::failure::FailureKind::Aws`] has been
//! tried often enough.

mod archive;
mod dynamodb;
mod failure;
mod items;
mod queue;
mod quota;
mod sdk;
mod tenants;
mod window_log;

pub use self::archive::S3Archive;
pub use self::dynamodb::DynamoDbState;
pub use self::queue::SqsQueue;
pub use self::quota::DynamoDbQuota;
pub use self::sdk::Sdk;
pub use self::tenants::SecretsManagerTenants;
