//! The tenants in Secrets Manager: each secret below a prefix holds one tenant.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, SecretValueEntry};
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
    cache: Mutex<HashMap<String, CachedSecret>>,
}

/// A secret, as it was read.
#[derive(Debug, Clone)]
struct CachedSecret {
    version: Option<String>,
    /// When it was certainly the current version.
    seen_at: Timestamp,
    tenant: Result<Arc<Tenant>, InvalidSecret>,
}

/// A secret, as it is listed.
struct ListedSecret {
    name: String,
    version: Option<String>,
}

impl<C: Clock> SecretsManagerTenants<C> {
    /// A secret is a tenant if its name starts with `prefix`.
    #[must_use]
    pub fn new(client: Client, prefix: impl Into<String>, clock: C) -> Self {
        Self { client, prefix: prefix.into(), clock, cache: Mutex::default() }
    }

    /// The secrets below the prefix, in the order of their names.
    async fn list(&self) -> Result<Vec<ListedSecret>, Failure> {
        /// Secrets Manager's limit.
        const PAGE: i32 = 100;
        let by_name = Filter::builder().key(FilterNameStringType::Name).values(&self.prefix).build();
        let mut pages = self.client.list_secrets().filters(by_name).max_results(PAGE).into_paginator().send();
        let mut secrets = Vec::new();
        while let Some(result) = pages.next().await {
            let page =
                result.map_err(|error| sdk_failure(format_args!("listing the secrets {}*", self.prefix), error))?;
            secrets.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| {
                let version = current_version(&secret);
                Some(ListedSecret { name: secret.name?, version })
            }));
        }
        secrets.retain(|secret| secret.name.starts_with(&self.prefix));
        secrets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(secrets)
    }

    /// Reads up to 20 secrets. A secret that cannot be read is an [`InvalidSecret`] without a version, and does not affect the
    /// others.
    async fn read_all(&self, names: &[&str]) -> Result<Vec<CachedSecret>, Failure> {
        let batch_get = self.client.batch_get_secret_value();
        let batch_get = batch_get.set_secret_id_list(Some(names.iter().map(|name| (*name).to_owned()).collect()));
        let response = batch_get.send().await.map_err(|error| sdk_failure("reading the tenants' secrets", error))?;
        let seen_at = self.clock.now();
        let values = response.secret_values.unwrap_or_default().into_iter();
        let mut values: HashMap<String, SecretValueEntry> =
            values.filter_map(|value| Some((value.name.clone()?, value))).collect();
        let errors = response.errors.unwrap_or_default();
        let secret = |name: &&str| match values.remove(*name) {
            Some(value) => {
                let tenant = parse(name, value.secret_string()).map(Arc::new);
                CachedSecret { version: value.version_id, seen_at, tenant }
            }
            None => {
                // The error names the secret by its name or by its ARN, which ends in the name and six random
                // characters.
                let arn_part = format!(":secret:{name}-");
                let error = errors
                    .iter()
                    .find(|error| error.secret_id().is_some_and(|id| id == *name || id.contains(&arn_part)));
                let problem = error.map_or("it has no current value", |error| {
                    error.message().or(error.error_code()).unwrap_or("it cannot be read")
                });
                let invalid = InvalidSecret { secret_id: (*name).to_owned(), problems: vec![problem.to_owned()] };
                CachedSecret { version: None, seen_at, tenant: Err(invalid) }
            }
        };
        Ok(names.iter().map(secret).collect())
    }

    async fn read(&self, secret_id: &str) -> Result<CachedSecret, Failure> {
        match self.client.get_secret_value().secret_id(secret_id).send().await {
            Ok(secret) => {
                let tenant = parse(secret_id, secret.secret_string()).map(Arc::new);
                Ok(CachedSecret { version: secret.version_id, seen_at: self.clock.now(), tenant })
            }
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                let problem =
                    format!("secret {secret_id} does not exist; restore it, or purge the messages queued for it");
                Err(Failure::new(FailureKind::InvalidSecret, problem))
            }
            Err(error) => Err(sdk_failure(format_args!("reading secret {secret_id}"), error)),
        }
    }
}

fn current_version(secret: &SecretListEntry) -> Option<String> {
    let versions = secret.secret_versions_to_stages()?;
    let current = versions.iter().find(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT"));
    current.map(|(version, _)| version.clone())
}

impl<C: Clock> Tenants for SecretsManagerTenants<C> {
    /// Where the list lags behind a rotation, a secret that was read meanwhile has another version than the list says, and is
    /// read again until the two agree.
    async fn all(&self) -> Result<Vec<Result<Arc<Tenant>, InvalidSecret>>, Failure> {
        /// Secrets Manager's limit for one request.
        const BATCH: usize = 20;
        let secrets = self.list().await?;
        let mut cache = self.cache.lock().await;
        let now = self.clock.now();
        let mut changed = Vec::new();
        for secret in &secrets {
            match cache.get_mut(&secret.name) {
                Some(cached) if cached.version.is_some() && cached.version == secret.version => cached.seen_at = now,
                Some(_) | None => changed.push(secret.name.as_str()),
            }
        }
        for names in changed.chunks(BATCH) {
            match self.read_all(names).await {
                Ok(read) => cache.extend(names.iter().map(|name| (*name).to_owned()).zip(read)),
                // The versions before these are better than none.
                Err(_) if names.iter().all(|name| cache.contains_key(*name)) => {}
                Err(failure) => return Err(failure),
            }
        }
        // What was deleted is gone: only what is listed moves to the new cache.
        let mut listed = HashMap::with_capacity(secrets.len());
        let mut tenants = Vec::with_capacity(secrets.len());
        for ListedSecret { name, .. } in secrets {
            let Some(secret) = cache.remove(&name) else { continue };
            tenants.push(secret.tenant.clone());
            listed.insert(name, secret);
        }
        *cache = listed;
        Ok(tenants)
    }

    async fn one(&self, secret_id: &str, freshness: Freshness) -> Result<Arc<Tenant>, Failure> {
        const CACHED_FOR: SignedDuration = SignedDuration::from_mins(5);
        if !secret_id.starts_with(&self.prefix) {
            let problem =
                format!("secret {secret_id} is not below {}: it is not a tenant of this collector", self.prefix);
            return Err(Failure::new(FailureKind::InvalidSecret, problem));
        }
        // The lock is held while the secret is read, so that the messages of a batch read it only once.
        let mut cache = self.cache.lock().await;
        if let (Freshness::Cached, Some(CachedSecret { seen_at, tenant: Ok(tenant), .. })) =
            (freshness, cache.get(secret_id))
            && self.clock.now().duration_since(*seen_at).abs() < CACHED_FOR
        {
            return Ok(Arc::clone(tenant));
        }
        let secret = self.read(secret_id).await?;
        let tenant = secret.tenant.clone();
        cache.insert(secret_id.to_owned(), secret);
        tenant.map_err(|invalid| Failure::new(FailureKind::InvalidSecret, invalid.to_string()))
    }
}

fn parse(name: &str, text: Option<&str>) -> Result<Tenant, InvalidSecret> {
    let text = text.ok_or_else(|| InvalidSecret {
        secret_id: name.to_owned(),
        problems: vec!["its value is binary; store the tenant's JSON as text".to_owned()],
    })?;
    Tenant::parse(name, text)
}
