//! template.yaml itself, deployed, with the real bootstraps and the real schedule.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aws_adapters::Sdk;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::Client;
use management_api_simulator::{Config, Generate, SECRET_PREFIX, Simulator, TOKEN_PREFIX, Tenant};
use scenarios::comparison::Comparison;
use scenarios::resources::put_secret;
use scenarios::stack::{Stack, root};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn deployed_template_archives_everything_and_logs_no_secret() {
    let microsoft = Simulator::start(Config::default()).await.unwrap();
    let tenant = Tenant::example(1).subscribed();
    let secret = tenant.credentials_json();
    let tenant = microsoft.add_tenant(tenant);
    let until = microsoft.now() - Duration::from_secs(30);
    microsoft.generate(tenant, &Generate::new(1, 500, Duration::from_secs(20 * 3_600), until));
    let sdk = Sdk::load(true).await;
    put_secret(&sdk, "m365-end-to-end/contoso", &secret).await;
    put_secret(&sdk, "m365-end-to-end/broken", r#"{"client_secret":"hush-hush-hush"}"#).await;

    let url = microsoft.url();
    let parameters = [
        "TenantSecretPrefix=m365-end-to-end/".to_owned(),
        format!("ManagementApiUrl={url}"),
        format!("TokenAuthorityUrl={url}"),
        format!("Architecture={}", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }),
        "Schedule=rate(1 minute)".to_owned(),
        "ReconcileSchedule=rate(1 minute)".to_owned(),
        "ReconcileAgesMinutes=0".to_owned(),
        "Shards=2".to_owned(),
        "BackfillHours=24".to_owned(),
    ];
    let stack = Stack::deploy(&bin_dir(), "m365-audit-end-to-end", &parameters).await.unwrap();
    let (bucket, prefix) = (stack.output("ArchiveBucketName"), stack.output("ArchivePrefix"));
    let started = Instant::now();
    let (comparison, archived_by_report) = loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let comparison = Comparison::of(&microsoft, tenant, &sdk.s3(), bucket, prefix).await;
        let archived_by_report = contents_archived_by_report(&sdk.s3(), bucket, prefix).await;
        let is_done = comparison.is_complete() && archived_by_report == comparison.total().objects;
        if is_done || started.elapsed() > Duration::from_secs(300) {
            break (comparison, archived_by_report);
        }
    };

    let logs = stack.logs().await.unwrap();
    assert!(comparison.is_complete(), "\n{comparison}\n{logs}");
    assert_eq!(archived_by_report, comparison.total().objects, "the completeness reports count every object\n{logs}");
    assert!(logs.contains("tenant_id is missing"), "the invalid secret is reported:\n{logs}");
    for function in ["poller", "reconciler"] {
        assert_eq!(
            shards_run(&sdk, stack.output("StateTableName"), function).await,
            ["0/2", "1/2"],
            "{function}\n{logs}"
        );
    }
    for secret in [TOKEN_PREFIX, SECRET_PREFIX, "hush-hush-hush"] {
        assert!(!logs.contains(secret), "the logs contain {secret}");
    }
}

/// The shards of which a run has begun.
async fn shards_run(sdk: &Sdk, table: &str, function: &str) -> Vec<String> {
    let leases = sdk.dynamodb().query().table_name(table).key_condition_expression("pk = :leases");
    let leases = leases.expression_attribute_values(":leases", AttributeValue::S(format!("lease#{function}")));
    let rows = leases.send().await.unwrap().items.unwrap_or_default();
    rows.iter().map(|row| row["sk"].as_s().unwrap().clone()).collect()
}

/// The sum of `contents_archived` over all completeness reports.
async fn contents_archived_by_report(s3: &Client, bucket: &str, prefix: &str) -> u64 {
    let reports = s3.list_objects_v2().bucket(bucket).prefix(format!("{prefix}/completeness/")).send().await.unwrap();
    let mut archived = 0;
    for report in reports.contents() {
        let report = s3.get_object().bucket(bucket).key(report.key().unwrap()).send().await.unwrap();
        let report: Value = serde_json::from_slice(&report.body.collect().await.unwrap().into_bytes()).unwrap();
        archived += report["contents_archived"].as_u64().unwrap();
    }
    archived
}

/// Where `make test` builds the functions.
fn bin_dir() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug")
}
