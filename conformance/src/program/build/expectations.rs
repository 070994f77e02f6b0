//! The words for what is expected of a line, beyond the plainest.

use procession_contract::{Item, Outcome, Value};

use super::at;
use crate::program::{Expect, Line};

/// What "at once" means to a clause, in milliseconds, before the slack for the machine's own lag: long
/// for a call that does not wait, short beside the time that it was given and must ignore.
const AT_ONCE_MS: u64 = 100;

/// The byte with which a worker fills a buffer before it receives into it.
const UNTOUCHED: u8 = 0xEE;

impl Line {
    /// Expects any answer at all.
    pub fn returns(self) -> Line {
        self.expect(Expect::Returns)
    }

    /// Expects the call to return at once.
    pub fn at_once(self) -> Line {
        self.at_most(AT_ONCE_MS)
    }

    /// Expects the call to take as long as its time limit says, and not much longer.
    pub fn takes(self, ms: u64) -> Line {
        self.at_least(ms).at_most(ms + 3 * AT_ONCE_MS)
    }

    /// Expects one of these outcomes.
    pub fn one_of(self, outcomes: &[Outcome]) -> Line {
        self.expect(Expect::OneOf(outcomes.to_vec()))
    }

    /// Expects one of these payloads, whole.
    pub fn gives_one_of(self, items: impl IntoIterator<Item = Item>) -> Line {
        self.expect(Expect::ItemAmong(items.into_iter().collect()))
    }

    /// Expects the call to return only after that one was made: until then it waits.
    pub fn waits_for_call(self, worker: &str, label: &str) -> Line {
        self.expect(Expect::NotBeforeCallOf(at(worker, label)))
    }

    /// Expects the call to return only after that one has returned.
    pub fn waits_for_return(self, worker: &str, label: &str) -> Line {
        self.expect(Expect::NotBeforeReturnOf(at(worker, label)))
    }

    /// Expects success with the value that another line returned.
    pub fn same_as(self, worker: &str, label: &str) -> Line {
        self.expect(Expect::SameAs(at(worker, label)))
    }

    /// Expects an item, or to be told that there is none.
    pub fn gives_or_is(self, items: impl IntoIterator<Item = Item>, otherwise: &[Outcome]) -> Line {
        let item = Expect::ItemAmong(items.into_iter().collect());
        self.expect(Expect::Any(vec![item, Expect::OneOf(otherwise.to_vec())]))
    }

    /// Expects a receive into a buffer of `len` bytes to have written the message at `offset`, and
    /// nothing else.
    pub fn fills(self, len: u32, offset: u32, message: Item) -> Line {
        let message = message.raw_bytes();
        let mut buffer = vec![UNTOUCHED; len as usize];
        buffer[offset as usize..offset as usize + message.len()].copy_from_slice(&message);
        let fingerprint = Value::fingerprint_of_bytes(&buffer);
        self.expect(Expect::Answer(Outcome::Ok, message.len() as i64, fingerprint))
    }

    /// Expects success with these bytes: their number and their fingerprint.
    pub fn holds_bytes(self, bytes: &[u8]) -> Line {
        let fingerprint = Value::fingerprint_of_bytes(bytes);
        self.expect(Expect::Answer(Outcome::Ok, bytes.len() as i64, fingerprint))
    }

    /// Expects success with an item's raw bytes: their number and their fingerprint.
    pub fn holds(self, item: Item) -> Line {
        self.expect(Expect::holding(item))
    }

    /// Expects to be told that the buffer is too short, with the whole message.
    pub fn hands_over(self, message: Item) -> Line {
        let message = message.raw_bytes();
        let fingerprint = Value::fingerprint_of_bytes(&message);
        self.expect(Expect::Answer(Outcome::BufferTooShort, message.len() as i64, fingerprint))
    }
}

impl Expect {
    /// Success with an item's raw bytes: their number and their fingerprint.
    pub fn holding(item: Item) -> Expect {
        let bytes = item.raw_bytes();
        Expect::Answer(Outcome::Ok, bytes.len() as i64, Value::fingerprint_of_bytes(&bytes))
    }
}

/// At most four bytes of an item's raw bytes, as the item that a receiver sees.
pub fn part(item: Item, offset: usize, size: usize) -> Item {
    assert!(size <= 4, "an item of bytes names only its first four freely");
    let mut id = [0; 4];
    id[..size].copy_from_slice(&item.raw_bytes()[offset..offset + size]);
    Item::bytes(u32::from_le_bytes(id), size as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_bytes_of_its_item() {
        let whole = Item::bytes(7, 26);
        for (offset, size) in [(0, 0), (0, 4), (4, 4), (8, 3), (22, 4), (26, 0)] {
            assert_eq!(part(whole, offset, size).raw_bytes(), whole.raw_bytes()[offset..offset + size]);
        }
    }
}
