//! The elements of a list, and how many bytes they take.

use std::ops::Range;

use crate::python::{Class, Raise};
use crate::server::referents::argument::{fits, place_of};
use crate::server::{Quota, Stored};

/// The elements. What is taken out is given to the caller, to be dropped when the lock is released.
pub struct Elements {
    all: Vec<Stored>,
    /// The sum of their sizes: an element that is there twice counts twice, as it does when it is sent.
    bytes: usize,
}

impl Elements {
    pub fn of(all: Vec<Stored>) -> Elements {
        let bytes = sum(&all);
        Elements { all, bytes }
    }

    pub fn all(&self) -> &[Stored] {
        &self.all
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The place that an index means.
    pub fn place(&self, index: i64, otherwise: &str) -> Result<usize, Raise> {
        place_of(index, self.all.len()).ok_or_else(|| Raise::text(Class::Index, otherwise))
    }

    /// Whether these may take the place of so many elements with so many bytes.
    fn admits(&self, out: usize, bytes: usize, new: &[Stored], quota: &Quota) -> Result<(), Raise> {
        let rest = self.all.len().saturating_sub(out);
        let rest_bytes = self.bytes.saturating_sub(bytes);
        fits(quota, rest.saturating_add(new.len()), rest_bytes.saturating_add(sum(new)))
    }

    /// Puts these in the place of others, which are given back. Where there is no room nothing changes, and the
    /// new ones stay with the caller.
    pub fn splice(
        &mut self,
        places: Range<usize>,
        new: &mut Vec<Stored>,
        quota: &Quota,
    ) -> Result<Vec<Stored>, Raise> {
        let out = sum(&self.all[places.clone()]);
        self.admits(places.len(), out, new, quota)?;
        self.bytes = self.bytes - out + sum(new);
        Ok(self.all.splice(places, new.drain(..)).collect())
    }

    /// Takes out the elements at these places, which are in ascending order.
    pub fn take(&mut self, places: &[usize]) -> Vec<Stored> {
        let mut gone = Vec::with_capacity(places.len());
        let mut next = places.iter().copied().peekable();
        let all = std::mem::take(&mut self.all);
        self.all.reserve_exact(all.len().saturating_sub(places.len()));
        for (at, element) in all.into_iter().enumerate() {
            match next.next_if_eq(&at) {
                Some(_) => gone.push(element),
                None => self.all.push(element),
            }
        }
        self.bytes -= sum(&gone);
        gone
    }

    /// Puts each of these at its place, and gives back what was there.
    pub fn put(
        &mut self,
        places: &[usize],
        new: &mut Vec<Stored>,
        quota: &Quota,
    ) -> Result<Vec<Stored>, Raise> {
        let out = places.iter().map(|&at| self.all[at].size()).sum();
        self.admits(places.len(), out, new, quota)?;
        self.bytes = self.bytes - out + sum(new);
        Ok(places
            .iter()
            .zip(new.drain(..))
            .map(|(&at, new)| std::mem::replace(&mut self.all[at], new))
            .collect())
    }

    /// All of them so many times, one behind the other.
    pub fn repeated(&self, times: i64, quota: &Quota) -> Result<Vec<Stored>, Raise> {
        let times = usize::try_from(times).unwrap_or(0);
        fits(quota, self.all.len().saturating_mul(times), self.bytes.saturating_mul(times))?;
        // Without elements any number of times is none.
        let count = self.all.len() * if self.all.is_empty() { 0 } else { times };
        Ok(self.all.iter().cycle().take(count).cloned().collect())
    }

    /// Changes their order alone.
    pub fn reorder<R>(&mut self, change: impl FnOnce(&mut Vec<Stored>) -> R) -> R {
        change(&mut self.all)
    }
}

fn sum(elements: &[Stored]) -> usize {
    elements.iter().map(Stored::size).sum()
}
