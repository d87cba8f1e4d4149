//! Builds the AWS clients from one shared configuration.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

/// Builds each client on demand, because not every function needs every service.
#[derive(Debug, Clone)]
pub struct Sdk {
    config: aws_config::SdkConfig,
    path_style: bool,
}

impl Sdk {
    /// Region, credentials and endpoints come from the environment, as usual for the AWS SDK. `path_style` makes S3
    /// addresses `host/bucket`, which local emulators of AWS require.
    pub async fn load(path_style: bool) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(20))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(timeouts)
            .load()
            .await;
        Self { config, path_style }
    }

    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    #[must_use]
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.path_style).build();
        aws_sdk_s3::Client::from_conf(config)
    }
}
