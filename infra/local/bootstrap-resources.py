#!/usr/bin/env python3
"""Creates in a local AWS what infra/local/watch.env names: table, queues, bucket, and a secret for the simulator's tenant.

For `cargo lambda watch`, which runs functions without a stack. It also serves as LocalStack's start-up hook. Running it
again changes nothing.
"""

import json
import os

import boto3
from botocore.config import Config

# The defaults of the simulator's options.
TENANT = {
    "tenant_id": "00000001-0000-4000-8000-000000000000",
    "client_id": "00000001-c11e-4000-8000-000000000000",
    "client_secret": "simulated-client-secret-1",
}


def client(service):
    return boto3.client(
        service,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )


dynamodb, sqs, secrets = client("dynamodb"), client("sqs"), client("secretsmanager")

if "m365-audit-state" not in dynamodb.list_tables()["TableNames"]:
    dynamodb.create_table(
        TableName="m365-audit-state",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    dynamodb.update_time_to_live(
        TableName="m365-audit-state", TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True}
    )

dead_letters = sqs.create_queue(QueueName="m365-audit-dead-letters")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 10})
sqs.create_queue(QueueName="m365-audit-fetch", Attributes={"VisibilityTimeout": "1800", "RedrivePolicy": redrive})

client("s3").create_bucket(Bucket="m365-audit-archive")

try:
    secrets.create_secret(Name="m365/simulated", SecretString=json.dumps(TENANT))
except secrets.exceptions.ResourceExistsException:
    secrets.put_secret_value(SecretId="m365/simulated", SecretString=json.dumps(TENANT))
