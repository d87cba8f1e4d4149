#!/usr/bin/env python3
"""show-stack.py logs|objects|state STACK: prints the logs, the archived objects or the state table of a stack in the local AWS.

In AWS itself: `sam logs --stack-name STACK`, `aws s3 ls`, `aws dynamodb scan`.
"""

import sys

import boto3


def logs(stack, _):
    client = boto3.client("logs")
    for group in client.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{stack}/")["logGroups"]:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in page["events"]:
                yield event["message"].rstrip()


def objects(_, outputs):
    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=outputs["ArchiveBucketName"]):
        for item in page.get("Contents", []):
            yield f"{item['Size']:>10}  s3://{outputs['ArchiveBucketName']}/{item['Key']}"


def state(_, outputs):
    for row in boto3.resource("dynamodb").Table(outputs["StateTableName"]).scan()["Items"]:
        shown = {key: value for key, value in row.items() if key not in ("pk", "sk", "digests", "missing")}
        yield f"{row['pk']}  {row['sk']}  {shown}"


def main():
    views = {"logs": logs, "objects": objects, "state": state}
    if len(sys.argv) != 3 or sys.argv[1] not in views:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    stack = boto3.client("cloudformation").describe_stacks(StackName=sys.argv[2])["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    for line in views[sys.argv[1]](sys.argv[2], outputs):
        print(line)


main()
