//! The AWS resources of one collector, created without the template.

use aws_adapters::Sdk;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use uuid::Uuid;

/// One collector's resources, with names that no other test uses.
#[derive(Debug, Clone)]
pub struct Resources {
    pub sdk: Sdk,
    pub secret_prefix: String,
    pub table: String,
    pub bucket: String,
    pub queue_url: String,
    pub dead_letter_queue_url: String,
}

impl Resources {
    /// Creates them in the local AWS that the environment names.
    ///
    /// # Panics
    /// If the environment names none.
    pub async fn create() -> Self {
        assert!(
            std::env::var("LOCAL_AWS_URL").is_ok(),
            "no local AWS: run `make test`, or `infra/local/with-local-aws cargo test`"
        );
        let sdk = Sdk::load(true).await;
        let name = format!("scenario-{}", Uuid::new_v4().simple());
        let table = create_table(&sdk, &name).await;
        sdk.s3().create_bucket().bucket(&name).send().await.unwrap();
        let queue_url = create_queue(&sdk, &name).await;
        let dead_letter_queue_url = create_queue(&sdk, &format!("{name}-dead-letters")).await;
        Self { sdk, secret_prefix: format!("{name}/"), table, bucket: name, queue_url, dead_letter_queue_url }
    }

    pub async fn put_secret(&self, name: &str, value: &str) {
        put_secret(&self.sdk, &format!("{}{name}", self.secret_prefix), value).await;
    }
}

/// Creates a secret, or replaces its value.
pub async fn put_secret(sdk: &Sdk, name: &str, value: &str) {
    let secrets = sdk.secrets_manager();
    if secrets.create_secret().name(name).secret_string(value).send().await.is_err() {
        secrets.put_secret_value().secret_id(name).secret_string(value).send().await.unwrap();
    }
}

async fn create_table(sdk: &Sdk, name: &str) -> String {
    let mut request = sdk.dynamodb().create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, key_type) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder().attribute_name(attribute);
        let key = KeySchemaElement::builder().attribute_name(attribute).key_type(key_type);
        request = request
            .attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build().unwrap())
            .key_schema(key.build().unwrap());
    }
    request.send().await.unwrap();
    name.to_owned()
}

async fn create_queue(sdk: &Sdk, name: &str) -> String {
    sdk.sqs().create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap()
}
