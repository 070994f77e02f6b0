//! Landmarks on a thread's way through its instructions: where each of them is, so that another run can
//! get near the n-th one at full speed and be stepped from there only.
//!
//! One step costs two switches between processes and, on a virtual machine, much more than that; a
//! breakpoint costs one. The way is remembered by files and offsets, since another process has the same
//! code at another address.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::maps::{self, Mapping};
use super::turns::alike;

/// How many instructions are remembered.
const MOST: usize = 2_000_000;

/// The landmarks of one way, empty until a traced run has gone it. Copies are the same landmarks.
#[derive(Clone, Debug, Default)]
pub struct Landmarks(Arc<OnceLock<Way>>);

impl PartialEq for Landmarks {
    fn eq(&self, other: &Landmarks) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Landmarks {}

impl Landmarks {
    /// Whether no run has gone the way yet.
    pub(super) fn are_unknown(&self) -> bool {
        self.0.get().is_none()
    }

    /// Remembers the way that a run has gone; the first one counts.
    pub(super) fn remember(&self, pid: i32, addresses: &[u64]) {
        self.0.get_or_init(|| Way::new(&maps::code(pid), addresses));
    }

    /// The instructions, by their numbers, in turns of loops of which others go the same way: the turns
    /// numbered 1, 2, 4, 8 … of each loop, and its last one, are not among them. None as long as no run has
    /// gone the way.
    pub fn alike(&self) -> &[Range<usize>] {
        self.0.get().map_or(&[], |way| &way.alike)
    }

    /// The best way to the instruction of this number, for a process.
    pub(super) fn towards(&self, number: u64, pid: i32) -> Option<Approach> {
        let way = self.0.get()?;
        let from = usize::try_from(number).ok()?.min(way.nearest.len().checked_sub(1)?);
        let at = way.nearest[from];
        let (file, offset) = way.places[at]?;
        let file = &way.files[file];
        let code = maps::code(pid).into_iter();
        let found = code.filter(|code| code.file == *file).find_map(|code| code.address(offset));
        Some(Approach { number: at as u64, address: found?, arrivals: way.arrivals[at] })
    }
}

/// A place to run to before stepping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Approach {
    /// The number of the instruction.
    pub(super) number: u64,
    /// Where it is.
    pub(super) address: u64,
    /// At the how many-th arrival there it is the right one, from 1.
    pub(super) arrivals: u64,
}

#[derive(Debug)]
struct Way {
    files: Vec<String>,
    /// For each instruction its file and offset; absent for code that is in no file.
    places: Vec<Option<(usize, u64)>>,
    /// For each instruction the how many-th arrival at its place it is.
    arrivals: Vec<u64>,
    /// For each instruction the best one to run to on the way there.
    nearest: Vec<usize>,
    /// The instructions in turns of loops of which others go the same way.
    alike: Vec<Range<usize>>,
}

impl Way {
    fn new(code: &[Mapping], addresses: &[u64]) -> Way {
        let (mut files, mut places): (Vec<String>, Vec<Option<(usize, u64)>>) = Default::default();
        let (mut arrivals, mut nearest) = (Vec::new(), Vec::new());
        let (mut known, mut seen): (HashMap<u64, _>, HashMap<u64, u64>) = Default::default();
        // What it costs to get to the instruction before, counted in stops.
        let mut cost = u64::MAX;
        let addresses = &addresses[..addresses.len().min(MOST)];
        for (number, address) in addresses.iter().enumerate() {
            let place = *known.entry(*address).or_insert_with(|| {
                let (code, offset) = code.iter().find_map(|code| Some((code, code.offset(*address)?)))?;
                let file = files.iter().position(|file| *file == code.file).unwrap_or_else(|| {
                    files.push(code.file.clone());
                    files.len() - 1
                });
                Some((file, offset))
            });
            let count = seen.entry(*address).or_insert(0);
            *count += 1;
            cost = cost.saturating_add(1);
            let best = nearest.last().copied().unwrap_or(0);
            if place.is_some() && *count <= cost {
                cost = *count;
                nearest.push(number);
            } else {
                nearest.push(best);
            }
            places.push(place);
            arrivals.push(*count);
        }
        Way { files, places, arrivals, nearest, alike: alike(addresses) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_way_leads_by_places_that_are_seldom_passed() {
        let code = [Mapping { start: 100, end: 200, offset: 0, file: "library".into() }];
        // A loop of two instructions, passed three times, with one instruction that is in no file.
        let way = Way::new(&code, &[100, 110, 111, 110, 111, 110, 111, 120, 500, 121]);
        assert_eq!(way.nearest, [0, 1, 2, 3, 4, 5, 6, 7, 7, 9]);
        assert_eq!(way.arrivals, [1, 1, 1, 2, 2, 3, 3, 1, 1, 1]);
        assert_eq!(way.places[7], Some((0, 20)));
        assert_eq!(way.places[8], None);
    }

    #[test]
    fn a_short_way_on_foot_is_better_than_a_place_that_is_passed_often() {
        let code = [Mapping { start: 100, end: 200, offset: 0, file: "library".into() }];
        let mut addresses = vec![110; 50];
        addresses.extend([120, 110, 110]);
        let way = Way::new(&code, &addresses);
        assert_eq!(way.nearest[50..], [50, 50, 50]);
    }
}
