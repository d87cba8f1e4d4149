#!/usr/bin/env bash
# stage.sh BIN_DIR OUT_DIR: prepares the folder that `sam deploy` needs from function binaries that are already built.
#
# It replaces `sam build`, which compiles with full optimisation for AWS's processors and takes minutes longer than a demo or
# a test should. The result has the same form: OUT_DIR/{function}/bootstrap, and OUT_DIR/template.yaml, a copy of template.yaml
# in which only the CodeUri of each function differs.
set -euo pipefail

if [ $# -ne 2 ] || [ ! -d "$1" ]; then
  echo "usage: $0 BIN_DIR OUT_DIR   (BIN_DIR: a folder with the binaries poller, fetcher and reconciler, such as target/debug)" >&2
  exit 2
fi
bin_dir=$1 out_dir=$2
root=$(cd "$(dirname "$0")/../.." && pwd)

for function in poller fetcher reconciler; do
  if [ ! -f "$bin_dir/$function" ]; then
    echo "$0: $bin_dir/$function is missing; build it with: cargo build --workspace --bins" >&2
    exit 2
  fi
  mkdir -p "$out_dir/$function"
  # Most of a development binary is debug information, which would be zipped, uploaded and unzipped.
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
