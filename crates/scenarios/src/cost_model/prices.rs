//! AWS's list prices: `infra/prices.json`, the only place that names one.

use std::fmt;

use serde::Deserialize;

const FILE: &str = include_str!("../../../../infra/prices.json");

/// What AWS charges in us-east-1 for arm64, without the free tier and without volume discounts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub dynamodb_write: Price,
    pub dynamodb_read: Price,
    pub dynamodb_storage: Price,
    pub dynamodb_recovery: Price,
    pub lambda_request: Price,
    pub lambda_gb_second: Price,
    pub sqs_request: Price,
    /// On top of [`Self::sqs_request`], for messages with a message group in a standard queue.
    pub sqs_fair_queue: Price,
    pub s3_put_or_list: Price,
    pub s3_storage: Price,
    pub secret: Price,
    pub secrets_manager_call: Price,
    pub kms_request: Price,
    pub metric: Price,
    pub alarm: Price,
    pub dashboard: Price,
    pub log_gb: Price,
    pub athena_tb: Price,
}

/// So many dollars for so many units.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    dollars: f64,
    per: u64,
    pub unit: String,
    /// Where AWS publishes it.
    pub page: String,
    /// When it was last looked up; `None` for a price that somebody remembered.
    pub looked_up: Option<LookUp>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    pub day: String,
    /// Where: at AWS's page, or at one that quotes it.
    pub at: String,
}

impl Prices {
    /// # Panics
    /// If the file is not what this type describes.
    #[must_use]
    pub fn read() -> Self {
        serde_json::from_str(FILE).unwrap_or_else(|error| panic!("infra/prices.json: {error}"))
    }

    /// In the order of the table in `docs/costs.md`.
    #[must_use]
    pub fn all(&self) -> [&Price; 18] {
        [
            &self.metric,
            &self.alarm,
            &self.dashboard,
            &self.log_gb,
            &self.lambda_request,
            &self.lambda_gb_second,
            &self.dynamodb_write,
            &self.dynamodb_read,
            &self.dynamodb_storage,
            &self.dynamodb_recovery,
            &self.sqs_request,
            &self.sqs_fair_queue,
            &self.s3_put_or_list,
            &self.s3_storage,
            &self.secret,
            &self.secrets_manager_call,
            &self.kms_request,
            &self.athena_tb,
        ]
    }
}

impl Price {
    #[must_use]
    pub fn of(&self, units: f64) -> f64 {
        units * self.dollars / self.per as f64
    }
}

/// As people write it: `$0.40` or `$5.00/M`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.dollars.to_string();
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        write!(f, "${:.*}", decimals.max(2), self.dollars)?;
        match self.per {
            1 => Ok(()),
            1_000_000 => f.write_str("/M"),
            per => write!(f, " for {per}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_written_as_people_write_it() {
        let prices = Prices::read();
        assert_eq!(prices.secret.to_string(), "$0.40");
        assert_eq!(prices.lambda_gb_second.to_string(), "$0.0000133334");
        assert_eq!(prices.secrets_manager_call.to_string(), "$5.00/M");
    }

    #[test]
    fn every_price_names_its_page() {
        let prices = Prices::read();
        assert!(prices.all().iter().all(|price| price.page.starts_with("https://aws.amazon.com/")));
    }
}
