//! Creating something else than was asked for.

use procession_contract::{Answer, Implementation, Method, ObjectKind, ObjectSpec, Objects};

/// Creates what is left of the specification when this has changed its kind.
pub fn other(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
    change: fn(&mut ObjectKind),
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    change(&mut spec.kind);
    inner.create(&spec, method, existing)
}

/// The same for objects in a manager's server alone, whose own kind is changed.
pub fn other_in_manager(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
    change: fn(&mut ObjectKind),
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Managed { of, .. } = &mut spec.kind {
        change(of);
    }
    inner.create(&spec, method, existing)
}
