#!/usr/bin/env bash
# stage.sh BIN_DIR OUT_DIR: lays out what `sam deploy` needs, from function binaries that are already built.
#
# It stands in for `sam build`, which compiles optimised for AWS's processors: minutes more than a demonstration or a test
# on this machine wants to wait. The result is of the same form: OUT_DIR/{function}/bootstrap, and OUT_DIR/template.yaml,
# which is template.yaml with each CodeUri pointing at its folder and not another character changed.
set -euo pipefail

if [ $# -ne 2 ] || [ ! -d "$1" ]; then
  echo "usage: $0 BIN_DIR OUT_DIR   (BIN_DIR holds the binaries poller, fetcher and reconciler, as target/debug does)" >&2
  exit 2
fi
bin_dir=$1 out_dir=$2
root=$(cd "$(dirname "$0")/../.." && pwd)

for function in poller fetcher reconciler; do
  if [ ! -f "$bin_dir/$function" ]; then
    echo "$0: $bin_dir/$function is missing: cargo build --workspace --bins" >&2
    exit 2
  fi
  mkdir -p "$out_dir/$function"
  # Debug information is most of a development binary, and would be zipped, uploaded and unzipped.
  strip -o "$out_dir/$function/bootstrap" "$bin_dir/$function" 2>/dev/null ||
    cp "$bin_dir/$function" "$out_dir/$function/bootstrap"
  chmod 755 "$out_dir/$function/bootstrap"
done
awk '/BuildProperties:/ { match($0, /Binary: [a-z]+/); name = substr($0, RSTART + 8, RLENGTH - 8) }
     /^ *CodeUri: \.$/ { sub(/\.$/, name) }
     { print }' "$root/template.yaml" >"$out_dir/template.yaml"
if grep -q 'CodeUri: \.$' "$out_dir/template.yaml"; then
  echo "$0: a function of template.yaml has no BuildProperties before its CodeUri" >&2
  exit 1
fi
