//! Claims that a manifest makes, besides the objects, calls and start methods that it lists.

use procession_contract::{Manifest, Method};

/// A worker is a process of its own: it can be killed alone, and its memory is its own.
pub const PROCESSES: &str = "processes";

/// A pipe's stream is framed as CPython's is: four bytes of length, big endian and signed; -1 announces
/// eight more.
pub const CPYTHON_WIRE: &str = "cpython_wire";

/// The function of a signal may raise an error, which ends the call that the main thread is in.
pub const RAISING_SIGNALS: &str = "raising_signals";

/// Every claim that a clause may name, with what it means.
pub const ALL: &[(&str, &str)] = &[
    (
        PROCESSES,
        "A worker is a process of its own: it can be killed alone, and its memory is its own. Also \
         claimed by naming another start method than `thread` first.",
    ),
    (
        CPYTHON_WIRE,
        "A pipe's stream is framed as CPython's is: four bytes of length, big endian and signed; -1 \
         announces eight more.",
    ),
    (
        RAISING_SIGNALS,
        "The function of a signal may raise an error, which ends the call that the main thread is in.",
    ),
];

/// Whether this manifest makes this claim.
pub fn made_by(manifest: &Manifest, claim: &str) -> bool {
    let prefers_processes = manifest.methods.first().is_some_and(|method| *method != Method::Thread);
    manifest.claims.contains(claim) || (claim == PROCESSES && prefers_processes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(methods: &[Method], claims: &[&str]) -> Manifest {
        Manifest {
            name: "an implementation".into(),
            version: "1".into(),
            language: "any".into(),
            methods: methods.to_vec(),
            objects: Default::default(),
            calls: Default::default(),
            claims: claims.iter().map(|claim| claim.to_string()).collect(),
            queue_level: Default::default(),
            tick_ms: 0,
        }
    }

    #[test]
    fn whoever_prefers_a_start_method_with_processes_claims_them() {
        assert!(made_by(&manifest(&[Method::Fork, Method::Thread], &[]), PROCESSES));
        assert!(!made_by(&manifest(&[Method::Thread, Method::Fork], &[]), PROCESSES));
        assert!(made_by(&manifest(&[Method::Thread], &[PROCESSES]), PROCESSES));
        assert!(!made_by(&manifest(&[Method::Fork], &[]), "another claim"));
    }
}
