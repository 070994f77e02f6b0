//! Going through a value, however deep it is, and whatever it shares.

use super::Node;
use super::store::{Id, Store};

/// The containers and objects to which a [`Node`] leads, itself first and each once; see [`Node::walk`].
///
/// Each is given before what is in it, which follows only where [`enter`](Walk::enter) says so.
pub struct Walk<'v> {
    store: &'v Store<'v>,
    /// What is still to be given, the next one last.
    open: Vec<Id>,
    /// A bit for each object that was given, by its number.
    given: Vec<u64>,
    last: Option<Id>,
    parts: Vec<Id>,
}

impl<'v> Node<'v> {
    /// Goes through what can have parts: tuples, lists, dicts, sets and objects.
    ///
    /// ```
    /// use procession_wire::{Builder, Kind};
    ///
    /// let mut builder = Builder::new();
    /// let number = builder.int(7);
    /// let list = builder.list(&[number]);
    /// builder.append(list, &[list]);
    /// let pair = builder.tuple(&[list, list]);
    /// let value = builder.finish(pair);
    /// let (mut walk, mut lists) = (value.root().walk(), 0);
    /// while let Some(node) = walk.next() {
    ///     lists += usize::from(matches!(node.kind(), Kind::List(_)));
    ///     walk.enter();
    /// }
    /// assert_eq!(lists, 1);
    /// ```
    pub fn walk(self) -> Walk<'v> {
        let mut walk =
            Walk { store: self.store(), open: Vec::new(), given: Vec::new(), last: None, parts: Vec::new() };
        walk.open.extend(self.number().filter(|id| walk.store.is_container(*id)));
        walk
    }
}

impl Walk<'_> {
    /// What is in the one that was given last is to be given as well.
    pub fn enter(&mut self) {
        let Some(last) = self.last.take() else { return };
        self.store.children(last, &mut self.parts);
        // Most of a value is numbers and texts.
        self.open.extend(self.parts.drain(..).filter(|part| self.store.is_container(*part)));
    }

    /// Whether this one has not been given before.
    fn is_new(&mut self, id: Id) -> bool {
        let (word, bit) = (id.at() / 64, 1 << (id.at() % 64));
        if word >= self.given.len() {
            self.given.resize(word + 1, 0);
        }
        let is_new = self.given[word] & bit == 0;
        self.given[word] |= bit;
        is_new
    }
}

impl<'v> Iterator for Walk<'v> {
    type Item = Node<'v>;

    fn next(&mut self) -> Option<Node<'v>> {
        self.last = None;
        while let Some(id) = self.open.pop() {
            if self.is_new(id) {
                self.last = Some(id);
                return Some(Node::within(self.store, id));
            }
        }
        None
    }
}
