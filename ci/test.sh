#!/usr/bin/env bash
# Every test: formatting, lints, documentation, licences, unit tests, models, scenarios, mutants, the suite on its own
# reference, kills before its shared operations. Costs a quarter of an hour on two cores from nothing, a few minutes after that.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}" CARGO_INCREMENTAL=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { printf '\n== %s (after %s s)\n' "$*" "$SECONDS"; }

# What failed is said once more at the end, where it is looked for: in between there are thousands of lines.
failures() {
    printf '\n== what failed\n'
    sed -nE '/^(failures|---- .* ----$)/,/^test result/p' "$log" | head -400
    grep -E '^test .*FAILED$|^error: ' "$log" || true
}

step formatting
cargo fmt --all --check
step lints
cargo clippy --workspace --all-targets --quiet -- -D warnings
step documentation
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
step dependencies
ci/deny.sh
step tests
status=0
cargo test --workspace --no-fail-fast 2>&1 | tee "$log" || status=$?
step "kills before every shared operation"
sweep=0
cargo run --release --quiet --features fault -- sweep --mode op --seconds 5 || sweep=$?
if ((status != 0)); then failures; fi
if ((sweep != 0)); then printf '\nerror: the sweep ended with %s, see above\n' "$sweep"; fi
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 } END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$log"
exit $((status != 0 ? status : sweep))
