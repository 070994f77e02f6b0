//! What `acquire_told` gives beside what `acquire` does: whether the last owner died.
//!
//! Python's proxies know nothing of it. A client that does calls the method by its name.

use crate::server::Given;

use super::Came;

/// The answer of `acquire`, or of `acquire_told`: 0 for what was not acquired, 1 for what was, 2 for what was and
/// comes from a session that ended while it had it.
pub fn acquired(method: &str, came: Option<Came>) -> Given {
    match (method, came) {
        ("acquire_told", None) => Given::int(0),
        ("acquire_told", Some(Came::Freely)) => Given::int(1),
        ("acquire_told", Some(Came::FromTheDead)) => Given::int(2),
        (_, came) => Given::flag(came.is_some()),
    }
}
