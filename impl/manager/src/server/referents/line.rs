//! Who waits for something, in the order in which they came, and who has been granted it.
//!
//! Plain data without a lock, a clock or a way to wake anybody, so that every interleaving of what can happen
//! to a waiter can be tried: he enters, is granted something, finds it, or leaves first. What was granted to
//! one who leaves comes out with him, for whoever keeps the line to hand on. So nothing is granted twice, and
//! nothing is lost with a client that dies.

use std::collections::BTreeMap;

use crate::server::Woken;

/// A place in a line, which no other waiter of it ever had or will have. Earlier places are smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Waiters, each a `W`, and grants to them, each a `G`.
#[derive(Debug)]
pub struct Line<W, G> {
    next: u64,
    waiting: BTreeMap<Ticket, W>,
    /// To whom something was granted that they have not found yet.
    granted: BTreeMap<Ticket, G>,
}

/// What becomes of a place whose waiter leaves.
#[derive(Debug, PartialEq, Eq)]
pub enum Left<W, G> {
    /// Nothing had been granted.
    Waiting(W),
    /// This had been granted.
    Granted(G),
}

/// What becomes of a waiter that has woken.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen<G> {
    /// It waits on: nothing was granted to it yet.
    Waits,
    /// Its wait has ended, with what was granted to it, if anything was.
    Ended(Option<G>),
    /// Its client has left. What had been granted to it is to be handed on.
    Gone(Option<G>),
}

impl<W, G> Default for Line<W, G> {
    fn default() -> Self {
        Line { next: 0, waiting: BTreeMap::new(), granted: BTreeMap::new() }
    }
}

impl<W, G> Line<W, G> {
    /// Puts a waiter behind all others.
    pub fn enter(&mut self, waiter: W) -> Ticket {
        let ticket = self.mark();
        self.next += 1;
        self.waiting.insert(ticket, waiter);
        ticket
    }

    /// The place of the next to enter: those who wait now have earlier ones.
    pub fn mark(&self) -> Ticket {
        Ticket(self.next)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// To how many something was granted that they have not found yet.
    pub fn granted(&self) -> usize {
        self.granted.len()
    }

    /// Who waits longest.
    pub fn first(&self) -> Option<&W> {
        self.waiting.first_key_value().map(|(_, waiter)| waiter)
    }

    /// Grants this to who waits longest, and says who that was; gives it back where nobody waits.
    pub fn grant(&mut self, gift: G) -> Result<W, G> {
        match self.waiting.pop_first() {
            Some((ticket, waiter)) => {
                self.granted.insert(ticket, gift);
                Ok(waiter)
            }
            None => Err(gift),
        }
    }

    /// The same among those who entered before a [`mark`](Line::mark) was taken.
    pub fn grant_before(&mut self, mark: Ticket, gift: G) -> Result<W, G> {
        match self.waiting.first_key_value() {
            Some((ticket, _)) if *ticket < mark => self.grant(gift),
            _ => Err(gift),
        }
    }

    /// What was granted to this place, which is given up with it; `None` for one that still waits.
    pub fn find(&mut self, ticket: Ticket) -> Option<G> {
        self.granted.remove(&ticket)
    }

    /// Gives the place up. `None` for one that has been given up before.
    pub fn leave(&mut self, ticket: Ticket) -> Option<Left<W, G>> {
        let granted = self.find(ticket).map(Left::Granted);
        granted.or_else(|| self.waiting.remove(&ticket).map(Left::Waiting))
    }

    /// A waiter has woken. What was granted by the time that its time is up is its own.
    pub fn see(&mut self, ticket: Ticket, woken: Woken) -> Seen<G> {
        match woken {
            Woken::Rung => self.find(ticket).map_or(Seen::Waits, |gift| Seen::Ended(Some(gift))),
            Woken::TimedOut => Seen::Ended(self.leave(ticket).and_then(Left::grant)),
            Woken::Left => Seen::Gone(self.leave(ticket).and_then(Left::grant)),
        }
    }

    /// Waits again, at a place that was given up, for what was granted there has turned out to be nothing.
    pub fn wait_again(&mut self, ticket: Ticket, waiter: W) {
        self.waiting.insert(ticket, waiter);
    }
}

impl<W, G> Left<W, G> {
    /// What had been granted.
    pub fn grant(self) -> Option<G> {
        match self {
            Left::Waiting(_) => None,
            Left::Granted(gift) => Some(gift),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What happens to a line. Places are chosen among those in use, by number modulo how many there are.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Enter,
        Grant,
        /// To one who entered before this many of the last entries.
        GrantBefore(u64),
        Find(usize),
        Leave(usize),
        WaitAgain(usize),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => Just(Event::Enter),
            3 => Just(Event::Grant),
            1 => (0..6u64).prop_map(Event::GrantBefore),
            3 => (0..64usize).prop_map(Event::Find),
            2 => (0..64usize).prop_map(Event::Leave),
            1 => (0..64usize).prop_map(Event::WaitAgain),
        ]
    }

    /// A place as anybody would write it down: who it is, and what was granted.
    type Place = (Ticket, u64, Option<u64>);

    fn waits(place: &Place) -> bool {
        place.2.is_none()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn nothing_is_lost_or_granted_twice_or_out_of_turn(events in vec(event(), 1..400)) {
            let mut line: Line<u64, u64> = Line::default();
            // In the order of their places; only the one that waits again is put back into it.
            let mut places: VecDeque<Place> = VecDeque::new();
            let (mut people, mut gifts) = (0, 0);
            for event in events {
                let chosen = |number: usize| (!places.is_empty()).then(|| number % places.len());
                match event {
                    Event::Enter => {
                        let ticket = line.enter(people);
                        prop_assert!(places.iter().all(|place| place.0 < ticket));
                        places.push_back((ticket, people, None));
                        people += 1;
                    }
                    Event::Grant | Event::GrantBefore(_) => {
                        let first = places.iter_mut().find(|place| waits(place));
                        let (mark, granted) = match event {
                            Event::GrantBefore(back) => {
                                let mark = Ticket(line.next.saturating_sub(back));
                                (Some(mark), line.grant_before(mark, gifts))
                            }
                            _ => (None, line.grant(gifts)),
                        };
                        match first.filter(|place| mark.is_none_or(|mark| place.0 < mark)) {
                            Some(place) => {
                                prop_assert_eq!(granted, Ok(place.1));
                                place.2 = Some(gifts);
                            }
                            None => prop_assert_eq!(granted, Err(gifts)),
                        }
                        gifts += 1;
                    }
                    Event::Find(number) => if let Some(at) = chosen(number) {
                        let (ticket, _, gift) = places[at];
                        prop_assert_eq!(line.find(ticket), gift);
                        if gift.is_some() {
                            places.remove(at);
                        }
                    }
                    Event::Leave(number) => if let Some(at) = chosen(number) {
                        let (ticket, who, gift) = places[at];
                        let expected = gift.map_or(Left::Waiting(who), Left::Granted);
                        prop_assert_eq!(line.leave(ticket), Some(expected));
                        prop_assert_eq!(line.leave(ticket), None);
                        prop_assert_eq!(line.find(ticket), None);
                        places.remove(at);
                    }
                    Event::WaitAgain(number) => if let Some(at) = chosen(number) {
                        let (ticket, who, gift) = places[at];
                        if line.find(ticket).is_some() {
                            prop_assert!(gift.is_some());
                            line.wait_again(ticket, who);
                            places[at].2 = None;
                        }
                    }
                }
                prop_assert_eq!(line.waiting(), places.iter().filter(|place| waits(place)).count());
                prop_assert_eq!(line.granted(), places.iter().filter(|place| !waits(place)).count());
                let first = places.iter().find(|place| waits(place));
                prop_assert_eq!(line.first().copied(), first.map(|place| place.1));
            }
        }
    }
}
