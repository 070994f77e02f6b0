#!/usr/bin/env bash
# Licences, sources and bans of the dependencies. Costs a second; five minutes the first time, when
# cargo-deny itself is built.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! cargo deny --version >/dev/null 2>&1; then
    cargo install --locked --quiet cargo-deny
fi
cargo deny --all-features --config ci/deny.toml check licenses bans sources
# The list of known vulnerabilities is fetched; without a network that part is open, not passed.
if ! cargo deny --all-features --config ci/deny.toml check advisories; then
    echo "deny: advisories UNTESTED or failed (see above); they need the network" >&2
    [ -z "${PROCESSION_ADVISORIES:-}" ] || exit 1
fi
