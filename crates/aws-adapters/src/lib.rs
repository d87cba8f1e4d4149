//! The adapters behind [`collector::ports`] for DynamoDB, SQS, S3 and Secrets Manager.
//!
//! The SDK retries AWS calls itself: a [`collector::failure::FailureKind::AwsService`] is returned only after its
//! retries.

mod archive;
mod cursors;
mod dynamodb;
mod failure;
mod items;
mod leases;
mod losses;
mod malformed;
mod open_contents;
mod queue;
mod rate_limit;
mod row_update;
mod sdk;
mod tenants;
mod windows;

pub use self::archive::S3Archive;
pub use self::dynamodb::DynamoDbState;
pub use self::leases::DynamoDbLeases;
pub use self::queue::SqsQueue;
pub use self::rate_limit::DynamoDbRateLimiter;
pub use self::sdk::Sdk;
pub use self::tenants::SecretsManagerTenants;
