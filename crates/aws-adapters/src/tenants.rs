//! The tenants: one secret each.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use collector::failure::{Failure, FailureKind};
use collector::ports::{Clock, Freshness, Tenants};
use collector::tenant::{InvalidSecret, Tenant};
use futures::lock::Mutex;
use jiff::{SignedDuration, Timestamp};

use crate::failure::aws;

/// All secrets below one prefix.
#[derive(Debug)]
pub struct SecretsManagerTenants<C> {
    client: Client,
    prefix: String,
    clock: C,
    cache: Mutex<HashMap<String, (Timestamp, Tenant)>>,
}

impl<C: Clock> SecretsManagerTenants<C> {
    /// The tenants whose secret's name starts with `prefix`.
    #[must_use]
    pub fn new(client: Client, prefix: impl Into<String>, clock: C) -> Self {
        Self { client, prefix: prefix.into(), clock, cache: Mutex::default() }
    }

    async fn names(&self) -> Result<Vec<String>, Failure> {
        let by_name = Filter::builder().key(FilterNameStringType::Name).values(&self.prefix).build();
        let mut pages = self.client.list_secrets().filters(by_name).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| aws(format_args!("listing the secrets {}*", self.prefix), &error))?;
            names.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| secret.name));
        }
        names.retain(|name| name.starts_with(&self.prefix));
        names.sort();
        Ok(names)
    }

    /// The values of up to 20 secrets. What cannot be read is a bad secret, not the end of the poll.
    async fn values(&self, names: &[String]) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        let request = self.client.batch_get_secret_value().set_secret_id_list(Some(names.to_vec()));
        let response = request.send().await.map_err(|error| aws("reading the tenants' secrets", &error))?;
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
                // By name, or by ARN, which ends in the name and six characters.
                let arn_part = format!(":secret:{name}-");
                let error = errors
                    .iter()
                    .find(|error| error.secret_id().is_some_and(|id| id == name || id.contains(&arn_part)));
                let why = error.map_or("it has no current value", |error| {
                    error.message().or(error.error_code()).unwrap_or("it cannot be read")
                });
                Err(InvalidSecret { secret_id: name.clone(), problems: vec![why.to_owned()] })
            }
        };
        Ok(names.iter().map(tenant).collect())
    }

    async fn read(&self, secret_id: &str) -> Result<Tenant, Failure> {
        let bad = |problem| Failure::new(FailureKind::InvalidSecret, problem);
        match self.client.get_secret_value().secret_id(secret_id).send().await {
            Ok(secret) => parse(secret_id, secret.secret_string()).map_err(|problems| bad(problems.to_string())),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                Err(bad(format!("secret {secret_id} does not exist; put it back, or purge what is queued for it")))
            }
            Err(error) => Err(aws(format_args!("reading secret {secret_id}"), &error)),
        }
    }
}

impl<C: Clock> Tenants for SecretsManagerTenants<C> {
    async fn all(&self) -> Result<Vec<Result<Tenant, InvalidSecret>>, Failure> {
        /// Secrets Manager's own limit for one request.
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
            let problem = format!("secret {secret_id} is not below {}: it is no tenant of this collector", self.prefix);
            return Err(Failure::new(FailureKind::InvalidSecret, problem));
        }
        // Held while reading, so that the messages of one batch read their secret once.
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
        problems: vec!["its value is binary; put the tenant's JSON as text".to_owned()],
    })?;
    Tenant::parse(name, text)
}
