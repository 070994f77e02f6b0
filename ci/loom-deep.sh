#!/bin/sh
# For the night: the loom models with three preemptions instead of two, every death and the scenes that are too
# large for every day, and the kill tests after every single machine instruction.
#
# Another bound: ci/loom-deep.sh 4. Scenes with a name like this: ci/loom-deep.sh 3 "channel, bounded"
# Three preemptions cost some twenty times as much as two: some hours on two cores. With
# PROCESSION_LOOM_SECONDS=600 a row that is not complete after ten minutes is shown as ignored. The
# kill tests take five to twenty minutes.
set -eu
cd "$(dirname "$0")/.."
bound="${1:-3}"
[ $# -eq 0 ] || shift
PROCESSION_LOOM_ALL=1 PROCESSION_LOOM_BOUND="$bound" cargo test -p procession-models --no-fail-fast --test models -- "$@"
# The defects must be found at every bound; their names are not those of the scenes.
PROCESSION_LOOM_BOUND="$bound" cargo test -p procession-models --no-fail-fast --test mutants
PROCESSION_EVERY_STEP=1 cargo test -p procession-reference --test kill_steps
