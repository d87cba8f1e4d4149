#!/usr/bin/env bash
# deploy.sh OUT_DIR STACK [PARAMETER=VALUE...]: deploys OUT_DIR, as stage.sh prepared it, to the local AWS.
#
# It runs `sam deploy` without its questions, and accepts a local AWS only: for AWS itself use `make deploy`.
set -euo pipefail

usage() {
  echo "usage: AWS_ENDPOINT_URL=http://127.0.0.1:PORT $0 OUT_DIR STACK [PARAMETER=VALUE...]" >&2
  exit 2
}
[ $# -ge 2 ] && [ -f "$1/template.yaml" ] || usage
[[ ${AWS_ENDPOINT_URL:-} =~ ^https?://(127\.0\.0\.1|localhost): ]] || usage
out_dir=$1 stack=$2
shift 2
root=$(cd "$(dirname "$0")/../.." && pwd)

"$root/infra/known-parameters" "$@"
parameters=()
for parameter in "$@"; do
  # Quoted, because values may contain spaces and commas.
  parameters+=("ParameterKey=${parameter%%=*},ParameterValue=\"${parameter#*=}\"")
done

export SAM_CLI_TELEMETRY=0
"$root/.venv/bin/sam" deploy --template-file "$out_dir/template.yaml" --stack-name "$stack" \
  --region "${AWS_REGION:-us-east-1}" --resolve-s3 --capabilities CAPABILITY_IAM \
  --no-confirm-changeset --no-fail-on-empty-changeset ${parameters[@]+--parameter-overrides "${parameters[@]}"}

# The local AWS stores a number that came through a parameter as text, and then fails to compare it: set it again.
"$root/.venv/bin/python" - <<'EOF'
import boto3

aws = boto3.client("lambda")
for mapping in aws.list_event_source_mappings()["EventSourceMappings"]:
    limit = int(mapping["ScalingConfig"]["MaximumConcurrency"])
    aws.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": limit})
EOF
