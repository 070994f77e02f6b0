//! What an implementation says of itself before anything is judged.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Method, ObjectKind};

/// What an implementation offers and claims. What it does not declare is *Unsupported* and never
/// counts as passed; what it declares and does not keep fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name, as reports show it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The language that it is used from.
    pub language: String,
    /// The start methods, the one that the suite shall prefer first.
    pub methods: Vec<Method>,
    /// The objects by their kinds' names (`queue`, `pipe`, …).
    pub objects: BTreeSet<String>,
    /// The calls that it offers, by their names in scripts (`put`, `get_many`, …); or, where only
    /// some kinds of object offer one, with the kind: `pipe.close`, `process.close`.
    pub calls: BTreeSet<String>,
    /// Further claims by name; the suite lists those that it knows (`procession list --claims`).
    #[serde(default)]
    pub claims: BTreeSet<String>,
    /// What order its queue promises.
    #[serde(default)]
    pub queue_level: QueueLevel,
    /// The longest time, in milliseconds, for which it may leave a call asleep that could go on: the
    /// period of its own timers. 0 for none.
    #[serde(default)]
    pub tick_ms: u64,
}

impl Manifest {
    /// Whether it offers objects of this kind.
    pub fn offers_object(&self, kind: &ObjectKind) -> bool {
        self.objects.contains(kind.name())
    }

    /// Whether it offers this call on this kind of object: the name of an [`ObjectKind`], `process`, or
    /// empty for calls on no object.
    pub fn offers_call(&self, kind: &str, call: &str) -> bool {
        self.calls.contains(call) || (!kind.is_empty() && self.calls.contains(&format!("{kind}.{call}")))
    }

    /// Whether it offers this start method.
    pub fn offers_method(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// How strong a queue's order is, from the weakest to the strongest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum QueueLevel {
    /// Every item put is taken at most once, and nothing else is taken.
    #[default]
    Conservation,
    /// Also: each consumer takes the items of one producer in the order in which they were put.
    ProducerFifo,
    /// The queue is linearizable to one first-in-first-out sequence.
    LinearizableFifo,
}
