#!/bin/sh
# The loom models with three preemptions instead of two: for the night, it takes up to some hours.
# Another bound: ci/loom-deep.sh 4. Scenes with a name like this: ci/loom-deep.sh 3 "channel, bounded"
# The kill tests after every single machine instruction, which takes some minutes: the last line.
set -eu
cd "$(dirname "$0")/.."
bound="${1:-3}"
[ $# -eq 0 ] || shift
PROCESSION_LOOM_BOUND="$bound" cargo test -p procession-models --no-fail-fast --test models --test mutants -- "$@"
PROCESSION_EVERY_STEP=1 cargo test -p procession-reference --test kill_steps
