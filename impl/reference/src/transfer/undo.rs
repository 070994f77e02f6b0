//! What is done when an encoding comes to nothing: it did not fit and is made again, or it failed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem::ManuallyDrop;

/// How many are remembered: those of values that were encoded long ago are forgotten, one by one.
const MOST: usize = 1000;

type Undo = Box<dyn FnOnce()>;

// Without destructors, as that which is encoded may be so at the end of the main thread.
thread_local! {
    /// How many were registered by this thread.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static UNDOS: ManuallyDrop<RefCell<VecDeque<(u64, Undo)>>> =
        const { ManuallyDrop::new(RefCell::new(VecDeque::new())) };
}

/// Registers what takes back a part's preparations for its journey, should the value that this thread is encoding
/// be encoded again or not at all: for a `Serialize` that does more than to write. Once the value has been sent it
/// is forgotten, sooner or later.
pub fn undo(undo: impl FnOnce() + 'static) {
    let number = COUNT.get();
    COUNT.set(number + 1);
    let forgotten = UNDOS.with(|undos| {
        let mut undos = undos.borrow_mut();
        undos.push_back((number, Box::new(undo)));
        if undos.len() > MOST { undos.pop_front() } else { None }
    });
    drop(forgotten);
}

/// Where an encoding begins.
#[inline]
pub(crate) fn mark() -> u64 {
    COUNT.get()
}

/// Takes back what was prepared since then.
#[inline]
pub(crate) fn since(mark: u64) {
    if COUNT.get() != mark {
        take_back(mark);
    }
}

#[cold]
fn take_back(mark: u64) {
    loop {
        let last = UNDOS.with(|undos| {
            let mut undos = undos.borrow_mut();
            undos.back().is_some_and(|(number, _)| *number >= mark).then(|| undos.pop_back()).flatten()
        });
        match last {
            Some((_, undo)) => undo(),
            None => return,
        }
    }
}
