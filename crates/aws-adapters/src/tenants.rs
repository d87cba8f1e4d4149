//! The tenants in Secrets Manager: each secret below a prefix holds one tenant.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use collector::failure::{Failure, FailureKind};
use collector::ports::{Clock, Freshness, Tenants};
use collector::tenant::{InvalidSecret, Tenant};
use futures::lock::Mutex;
use jiff::{SignedDuration, Timestamp};

use crate::failure::sdk_failure;

#[derive(Debug)]
pub struct SecretsManagerTenants<C> {
    client: Client,
    prefix: String,
    clock: C,
    cache: Mutex<HashMap<String, (Timestamp, Tenant)>>,
}

impl<C: Clock> SecretsManagerTenants<C> {
    /// A secret is a tenant if its name starts with `prefix`.
    #[must_use]
    pub fn new(client: Client, prefix: impl Into<String>, clock: C) -> Self {
        Self { client, prefix: prefix.into(), clock, cache: Mutex::default() }
    }

    async fn names(&self) -> Result<Vec<String>, Failure> {
        let by_name = Filter::builder().key(FilterNameStringType::Name).values(&self.prefix).build();
        let mut pages = self.client.list_secrets().filters(by_name).into_paginator().send();
        let mut names = Vec::new();
        while let Some(result) = pages.next().await {
            let page =
                result.map_err(|error| sdk_failure(format_args!("listing the secrets {}*", self.prefix), error))?;
            names.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| secret.name));
        }
        names.retain(|name| name.starts_with(&self.prefix));
        names.sort();
        Ok(names)
    }

    /// Reads up to 20 secrets. A secret that cannot be read is an [`InvalidSecret`] and does not affect the others.
    async fn values(&self, names: &[String]) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        let batch_get = self.client.batch_get_secret_value().set_secret_id_list(Some(names.to_vec()));
        let response = batch_get.send().await.map_err(|error| sdk_failure("reading the tenants' secrets", error))?;
        let mut texts: HashMap<String, Option<String>> = response
            .secret_values
            .unwrap_or_default()
            .into_iter()
            .filter_map(|secret| Some((secret.name?, secret.secret_string)))
            .collect();
        let errors = response.errors.unwrap_or_default();
        let tenant = |name: &String| match texts.remove(name) {
            Some(text) => parse(name, text.as_deref()),
            None => {
                // The error names the secret by its name or by its ARN, which ends in the name and six random
                // characters.
                let arn_part = format!(":secret:{name}-");
                let error = errors
                    .iter()
                    .find(|error| error.secret_id().is_some_and(|id| id == name || id.contains(&arn_part)));
                let problem = error.map_or("it has no current value", |error| {
                    error.message().or(error.error_code()).unwrap_or("it cannot be read")
                });
                Err(InvalidSecret { secret_id: name.clone(), problems: vec![problem.to_owned()] })
            }
        };
        Ok(names.iter().map(tenant).collect())
    }

    async fn read(&self, secret_id: &str) -> Result<Tenant, Failure> {
        let invalid = |problem| Failure::new(FailureKind::InvalidSecret, problem);
        match self.client.get_secret_value().secret_id(secret_id).send().await {
            Ok(secret) => parse(secret_id, secret.secret_string()).map_err(|error| invalid(error.to_string())),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => Err(
                invalid(format!("secret {secret_id} does not exist; restore it, or purge the messages queued for it")),
            ),
            Err(error) => Err(sdk_failure(format_args!("reading secret {secret_id}"), error)),
        }
    }
}

impl<C: Clock> Tenants for SecretsManagerTenants<C> {
    async fn all(&self) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        /// Secrets Manager's limit for one request.
        const BATCH: usize = 20;
        let mut tenants = Vec::new();
        for names in self.names().await?.chunks(BATCH) {
            tenants.extend(self.values(names).await?);
        }
        Ok(tenants)
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Tenant, Failure> {
        const CACHED_FOR: SignedDuration = SignedDuration::from_mins(5);
        if !secret_id.starts_with(&self.prefix) {
            let problem =
                format!("secret {secret_id} is not below {}: it is not a tenant of this collector", self.prefix);
            return Err(Failure::new(FailureKind::InvalidSecret, problem));
        }
        // The lock is held while the secret is read, so that the messages of a batch read it only once.
        let mut cache = self.cache.lock().await;
        if let (Freshness::Cached, Some((read_at, tenant))) = (freshness, cache.get(secret_id))
            && self.clock.now().duration_since(*read_at).abs() < CACHED_FOR
        {
            return Ok(tenant.clone());
        }
        let tenant = self.read(secret_id).await?;
        cache.insert(secret_id.to_owned(), (self.clock.now(), tenant.clone()));
        Ok(tenant)
    }
}

fn parse(name: &str, text: Option<&str>) -> Result<Tenant, InvalidSecret> {
    let text = text.ok_or_else(|| InvalidSecret {
        secret_id: name.to_owned(),
        problems: vec!["its value is binary; store the tenant's JSON as text".to_owned()],
    })?;
    Tenant::parse(name, text)
}
