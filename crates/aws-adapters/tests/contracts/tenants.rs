//! The tenants: Secrets Manager and memory.

use std::sync::Arc;

use aws_adapters::SecretsManagerTenants;
use collector::failure::FailureKind;
use collector::ports::{Freshness, Tenants};
use collector::tenant::{Secret, Tenant};
use testkit::{MemoryTenants, contracts};

use crate::local_aws::{clock, sdk, unique};

fn json(client_secret: &str) -> String {
    format!(
        r#"{{"tenant_id":"{}","client_id":"00000000-aaaa-bbbb-cccc-000000000001","client_secret":"{client_secret}"}}"#,
        testkit::TENANT
    )
}

async fn prefix_with_two_secrets(client: &aws_sdk_secretsmanager::Client) -> String {
    let prefix = format!("{}/", unique("m365"));
    for (name, value) in [("contoso", json("first")), ("fabrikam", "not JSON".to_owned())] {
        let create_secret = client.create_secret().name(format!("{prefix}{name}"));
        create_secret.secret_string(value).send().await.unwrap();
    }
    prefix
}

fn in_memory(prefix: &str, client_secret: &str) -> Tenant {
    Tenant::parse(&format!("{prefix}contoso"), &json(client_secret)).unwrap()
}

#[tokio::test]
async fn lists_tenants_with_their_problems() {
    let memory = MemoryTenants::of([in_memory("m365/", "first")]);
    memory.put_bad("m365/fabrikam", "its value is not JSON");
    contracts::tenants::lists_tenants_with_their_problems(&memory, "m365/").await;

    let client = sdk().await.secrets_manager();
    let prefix = prefix_with_two_secrets(&client).await;
    let tenants = SecretsManagerTenants::new(client, &prefix, clock());
    contracts::tenants::lists_tenants_with_their_problems(&tenants, &prefix).await;
}

#[tokio::test]
async fn sees_a_rotation() {
    let memory = MemoryTenants::of([in_memory("m365/", "first")]);
    contracts::tenants::sees_a_rotation(&memory, "m365/", async || memory.put(in_memory("m365/", "second"))).await;

    let client = sdk().await.secrets_manager();
    let prefix = prefix_with_two_secrets(&client).await;
    let tenants = SecretsManagerTenants::new(client.clone(), &prefix, clock());
    contracts::tenants::sees_a_rotation(&tenants, &prefix, async || {
        let put_secret = client.put_secret_value().secret_id(format!("{prefix}contoso"));
        put_secret.secret_string(json("second")).send().await.unwrap();
    })
    .await;
}

/// More than one page of names, and more than one batch of values.
#[tokio::test]
async fn lists_more_than_one_page_of_tenants() {
    let client = sdk().await.secrets_manager();
    let prefix = format!("{}/", unique("m365"));
    for number in 0..125_u32 {
        let value = json("first").replace("11111111", &format!("{number:08}"));
        let create_secret = client.create_secret().name(format!("{prefix}tenant-{number:03}"));
        create_secret.secret_string(value).send().await.unwrap();
    }
    let all = SecretsManagerTenants::new(client, &prefix, clock()).all().await.unwrap();
    assert_eq!(all.len(), 125);
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(all[124].as_ref().unwrap().client_secret, Secret::new("first"));
}

#[tokio::test]
async fn rejects_secrets_outside_the_prefix() {
    let client = sdk().await.secrets_manager();
    let prefix = prefix_with_two_secrets(&client).await;
    let tenants = SecretsManagerTenants::new(client, "another-prefix/", clock());
    let failure = tenants.one(&format!("{prefix}contoso"), Freshness::Fresh).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidSecret);
    assert!(tenants.all().await.unwrap().is_empty());
}

/// What the functions read of Secrets Manager between two polls.
#[tokio::test]
async fn a_secret_is_read_again_only_if_its_version_has_changed() {
    let client = sdk().await.secrets_manager();
    let prefix = prefix_with_two_secrets(&client).await;
    let tenants = SecretsManagerTenants::new(client.clone(), &prefix, clock());
    let first = tenants.all().await.unwrap();
    let again = tenants.all().await.unwrap();
    let (Ok(first), Ok(again)) = (&first[0], &again[0]) else { panic!("{first:?} and {again:?}") };
    assert!(Arc::ptr_eq(first, again), "what was read before");

    let put_secret = client.put_secret_value().secret_id(format!("{prefix}contoso"));
    put_secret.secret_string(json("second")).send().await.unwrap();
    let rotated = tenants.all().await.unwrap();
    assert_eq!(rotated[0].as_ref().unwrap().client_secret, Secret::new("second"));
    client
        .delete_secret()
        .secret_id(format!("{prefix}contoso"))
        .force_delete_without_recovery(true)
        .send()
        .await
        .unwrap();
    assert_eq!(tenants.all().await.unwrap().len(), 1, "a deleted secret is gone");
}
