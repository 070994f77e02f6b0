//! What is in a queue, what is still to be done, and who waits: a queue's state, as plain data.
//!
//! # Invariants
//! 1. An item stays in the queue until somebody who is there takes it. Who waits for one is *called*, not given
//!    it: if he has left meanwhile nothing has to come back, and the order stays. One who does not want to wait
//!    takes what is there, so a queue that has an item is never called empty; the called one then waits on, at
//!    his place.
//! 2. As many waiters are called as there are items, if there are so many.
//! 3. Items are in the order in which they were put; one that was taken and comes back is at its place among
//!    them. It may be one more than there is room for, and is no new task.
//! 4. While somebody waits to put, there is no room: whoever makes room puts the longest waiter's item for him.
//!    Then that item has been put, whatever becomes of its client.

use std::collections::VecDeque;

use super::line::{Left, Line, Ticket};

/// The state of a queue of `I`; `W` is what a waiter is woken by.
#[derive(Debug)]
pub struct Items<W, I> {
    items: VecDeque<Got<I>>,
    /// How many items were ever put: the place of the next one.
    next: u64,
    /// What the items weigh.
    bytes: usize,
    /// `None` for a queue without a bound.
    maxsize: Option<usize>,
    /// Items for which nobody has said that he is done with them.
    unfinished: u64,
    is_shut_down: bool,
    /// With all that was there.
    is_cleared: bool,
    getters: Line<W, ()>,
    putters: Line<(W, I), PutEnd>,
    joiners: Line<W, ()>,
}

/// How a put ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutEnd {
    /// The item is in the queue.
    Done,
    /// The queue has been shut down; the item is not in it.
    ShutDown,
}

/// Why an item is not in the queue. It comes back, to be dropped where that is allowed.
#[derive(Debug, PartialEq, Eq)]
pub enum NotPut<I> {
    /// There is no room.
    Full(I),
    /// The queue has been shut down.
    ShutDown(I),
}

/// An item that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Got<I> {
    /// Its place among all that were ever put.
    pub place: u64,
    /// The item.
    pub item: I,
}

/// Why there is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotGot {
    /// There is none.
    Empty,
    /// There is none and never will be: the queue has been shut down.
    ShutDown,
}

/// Somebody was done with an item more often than there were items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften;

/// What goes into a queue.
pub trait Weighed {
    /// About how many bytes it takes.
    fn bytes(&self) -> usize;
}

impl<W: Clone, I: Weighed> Items<W, I> {
    /// An empty queue; with `Some(0)` nothing could ever be put.
    pub fn new(maxsize: Option<usize>) -> Items<W, I> {
        Items {
            items: VecDeque::new(),
            next: 0,
            bytes: 0,
            maxsize,
            unfinished: 0,
            is_shut_down: false,
            is_cleared: false,
            getters: Line::default(),
            putters: Line::default(),
            joiners: Line::default(),
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        self.maxsize.is_some_and(|maxsize| self.items.len() >= maxsize)
    }

    /// Whether nothing can be put any more.
    pub fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// Puts an item if there is room.
    ///
    /// # Errors
    /// [`NotPut`].
    pub fn try_put(&mut self, item: I, wakers: &mut Vec<W>) -> Result<(), NotPut<I>> {
        if self.is_shut_down {
            return Err(NotPut::ShutDown(item));
        }
        if self.is_full() {
            return Err(NotPut::Full(item));
        }
        self.push(item);
        self.call_getters(wakers);
        Ok(())
    }

    /// Waits for room. For whoever found none under the same lock of this state.
    pub fn enter_put(&mut self, item: I, waker: W) -> Ticket {
        self.putters.enter((waker, item))
    }

    /// How this waiter's put has ended.
    pub fn find_put(&mut self, ticket: Ticket) -> Option<PutEnd> {
        self.putters.find(ticket)
    }

    /// Ends a wait for room: how the put has ended, or the item.
    pub fn leave_put(&mut self, ticket: Ticket) -> Option<Left<I, PutEnd>> {
        Some(match self.putters.leave(ticket)? {
            Left::Waiting((_, item)) => Left::Waiting(item),
            Left::Granted(end) => Left::Granted(end),
        })
    }

    /// Takes the first item.
    ///
    /// # Errors
    /// [`NotGot`].
    pub fn try_get(&mut self, wakers: &mut Vec<W>) -> Result<Got<I>, NotGot> {
        let Some(got) = self.items.pop_front() else {
            return Err(if self.is_shut_down { NotGot::ShutDown } else { NotGot::Empty });
        };
        self.bytes -= got.item.bytes();
        while !self.is_full()
            && let Ok((waker, item)) = self.putters.grant(PutEnd::Done)
        {
            self.push(item);
            wakers.push(waker);
        }
        self.call_getters(wakers);
        Ok(got)
    }

    /// The same for one who would wait: the items for which others have been called are theirs.
    ///
    /// # Errors
    /// [`NotGot`].
    pub fn try_get_in_turn(&mut self, wakers: &mut Vec<W>) -> Result<Got<I>, NotGot> {
        match self.items.len() > self.getters.granted() || self.is_shut_down {
            true => self.try_get(wakers),
            false => Err(NotGot::Empty),
        }
    }

    /// Waits for an item. For whoever found none under the same lock of this state.
    pub fn enter_get(&mut self, waker: W) -> Ticket {
        self.getters.enter(waker)
    }

    /// What a waiter gets who has woken: `None` if he was not called, or too late; then he waits on.
    pub fn find_get(
        &mut self,
        ticket: Ticket,
        waker: &W,
        wakers: &mut Vec<W>,
    ) -> Option<Result<Got<I>, NotGot>> {
        self.getters.find(ticket)?;
        match self.try_get(wakers) {
            Err(NotGot::Empty) => {
                self.getters.wait_again(ticket, waker.clone());
                None
            }
            got => Some(got),
        }
    }

    /// Ends a wait for an item whose time is up: what is there is taken, whoever was called for it.
    ///
    /// # Errors
    /// [`NotGot`].
    pub fn time_out_get(&mut self, ticket: Ticket, wakers: &mut Vec<W>) -> Result<Got<I>, NotGot> {
        self.getters.leave(ticket);
        self.try_get(wakers)
    }

    /// Takes back an item that has not reached whoever took it. Others may have taken later ones meanwhile. Gives it
    /// where the queue has been shut down at once: it is as those that were there then.
    pub fn put_back(&mut self, got: Got<I>, wakers: &mut Vec<W>) -> Option<I> {
        if self.is_cleared {
            self.unfinished = self.unfinished.saturating_sub(1);
            self.free_joiners(wakers);
            return Some(got.item);
        }
        self.bytes += got.item.bytes();
        let at = self.items.partition_point(|other| other.place < got.place);
        self.items.insert(at, got);
        self.call_getters(wakers);
        None
    }

    /// Ends the wait of a client that has left. The next is called for what he was.
    pub fn leave_get(&mut self, ticket: Ticket, wakers: &mut Vec<W>) {
        self.getters.leave(ticket);
        self.call_getters(wakers);
    }

    /// Somebody is done with an item that was taken. With the last one everybody who waits for that goes on.
    ///
    /// # Errors
    /// [`TooOften`].
    pub fn task_done(&mut self, wakers: &mut Vec<W>) -> Result<(), TooOften> {
        self.unfinished = self.unfinished.checked_sub(1).ok_or(TooOften)?;
        self.free_joiners(wakers);
        Ok(())
    }

    /// Whether everybody is done with everything that was put.
    pub fn is_finished(&self) -> bool {
        self.unfinished == 0
    }

    /// Waits until everybody is done.
    pub fn enter_join(&mut self, waker: W) -> Ticket {
        self.joiners.enter(waker)
    }

    /// Whether everybody was done at some moment since.
    pub fn find_join(&mut self, ticket: Ticket) -> Option<()> {
        self.joiners.find(ticket)
    }

    /// Ends a wait for that.
    pub fn leave_join(&mut self, ticket: Ticket) {
        self.joiners.leave(ticket);
    }

    /// Lets nothing be put any more, and wakes everybody who could wait for ever. `immediate` also takes what is
    /// there, as if it had been taken and done with. Gives the items that are in no queue now.
    pub fn shut_down(&mut self, immediate: bool, wakers: &mut Vec<W>) -> Vec<I> {
        self.is_shut_down = true;
        let mut dropped = Vec::new();
        while let Ok((waker, item)) = self.putters.grant(PutEnd::ShutDown) {
            wakers.push(waker);
            dropped.push(item);
        }
        if immediate {
            self.unfinished = self.unfinished.saturating_sub(self.items.len() as u64);
            self.bytes = 0;
            self.is_cleared = true;
            dropped.extend(self.items.drain(..).map(|got| got.item));
            self.free_joiners(wakers);
        }
        while let Ok(waker) = self.getters.grant(()) {
            wakers.push(waker);
        }
        dropped
    }

    /// How many wait, for whatever it is.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.getters.waiting() + self.putters.waiting() + self.joiners.waiting()
    }

    fn push(&mut self, item: I) {
        self.bytes += item.bytes();
        self.items.push_back(Got { place: self.next, item });
        self.next += 1;
        self.unfinished += 1;
    }

    fn call_getters(&mut self, wakers: &mut Vec<W>) {
        while self.getters.granted() < self.items.len()
            && let Ok(waker) = self.getters.grant(())
        {
            wakers.push(waker);
        }
    }

    fn free_joiners(&mut self, wakers: &mut Vec<W>) {
        while self.unfinished == 0
            && let Ok(waker) = self.joiners.grant(())
        {
            wakers.push(waker);
        }
    }
}

#[cfg(test)]
mod tests;
