//! The making of an object that a client asks for.

use std::sync::Arc;

use super::{Arguments, Fault, Objects, Quota, Referent};
use crate::python::Work;

/// What makes an object of a registered type, at each creation, also of several at once. It may give an object that is
/// there already, which is shared then, and may take its time.
pub type Constructor = dyn Fn(&mut Creation<'_>) -> Result<Arc<dyn Referent>, Fault> + Send + Sync;

/// One creation.
pub struct Creation<'a> {
    /// The name of the type.
    pub typeid: &'a str,
    /// What the client gives.
    pub arguments: Arguments<'a>,
    /// The server's objects: what a proxy among the arguments stands for.
    pub objects: &'a Objects,
    /// What going through values may still cost.
    pub work: &'a mut Work,
    /// How large the object may become.
    pub quota: &'a Quota,
}
