//! Who has references to one object, and how many.

use std::sync::Arc;

use super::Peer;

/// References by the processes that took them.
///
/// Where the process is not known, as over TCP, they count for nobody in particular, and stay until they are
/// given back.
#[derive(Debug, Default)]
pub(super) struct Holders(Vec<(Option<Arc<Peer>>, u64)>);

impl Holders {
    /// All references.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// One more.
    pub(super) fn add(&mut self, peer: Option<&Arc<Peer>>) {
        match self.place(peer) {
            Some(at) => self.0[at].1 += 1,
            None => self.0.push((peer.cloned(), 1)),
        }
    }

    /// One less: of this process's own, else of nobody's in particular, else of whoever has one, since a process
    /// may give back what another took and handed on. False where there is none, and for a process that has ended:
    /// its own may have been taken back already, and the others' are theirs.
    pub(super) fn take(&mut self, peer: Option<&Arc<Peer>>) -> bool {
        let has_ended = || peer.is_some_and(|peer| peer.has_ended());
        let others = || self.place(None).or(self.0.len().checked_sub(1));
        let own = self.place(peer);
        let Some(at) = own.or_else(|| if has_ended() { None } else { others() }) else { return false };
        self.0[at].1 -= 1;
        if self.0[at].1 == 0 {
            self.0.swap_remove(at);
        }
        true
    }

    /// None of this process any more.
    pub(super) fn forget(&mut self, peer: &Arc<Peer>) {
        self.0.retain(|(holder, _)| !holder.as_ref().is_some_and(|holder| Arc::ptr_eq(holder, peer)));
    }

    fn place(&self, peer: Option<&Arc<Peer>>) -> Option<usize> {
        self.0.iter().position(|(holder, _)| match (holder, peer) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        })
    }
}
