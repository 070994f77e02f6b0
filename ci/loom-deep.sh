#!/bin/sh
# The loom models with three preemptions instead of two: for the night, it takes up to some hours.
# Another bound: ci/loom-deep.sh 4
set -eu
cd "$(dirname "$0")/.."
PROCESSION_LOOM_BOUND="${1:-3}" cargo test -p procession-models --no-fail-fast -- --nocapture
