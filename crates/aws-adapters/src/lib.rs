//! AWS's side: the ports of [`collector::ports`] over DynamoDB, SQS, S3 and Secrets Manager.
//!
//! Retries of AWS calls are the SDK's; what comes out of here as [`collector::failure::FailureKind::AwsService`] has been
//! tried often enough.

mod archive;
mod dynamodb;
mod failure;
mod items;
mod losses;
mod queue;
mod rate_limit;
mod sdk;
mod tenants;
mod windows;

pub use self::archive::S3Archive;
pub use self::dynamodb::DynamoDbState;
pub use self::queue::SqsQueue;
pub use self::rate_limit::DynamoDbRateLimiter;
pub use self::sdk::Sdk;
pub use self::tenants::SecretsManagerTenants;
