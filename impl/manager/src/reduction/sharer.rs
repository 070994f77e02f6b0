//! The thread of a process that keeps what it has sent word of until the receiver asks for it.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use procession_wire::from_slice;

use super::descriptor;
use super::fetch::Place;
use crate::family::process_key;
use crate::listener::{AcceptError, Accepted, Listener, ListenerOptions};

/// How much is kept at most: the oldest makes room.
const MOST: usize = 1000;

/// How long somebody who has proved the key may take to say what he wants.
const TIME: Duration = Duration::from_secs(10);

/// The thread of this process, and what waits with it.
struct Sharer {
    process: u32,
    listener: Arc<Listener>,
    offers: Arc<Mutex<Offers>>,
}

#[derive(Default)]
struct Offers {
    next: u64,
    waiting: VecDeque<(u64, Kept)>,
}

/// What waits.
pub(crate) enum Kept {
    /// For whoever fetches it.
    Descriptor(OwnedFd),
    /// Only to be dropped when the receiver has what it needs: a reference that is counted elsewhere, say.
    Alive(Box<dyn Any + Send>),
}

static SHARER: Mutex<Option<Sharer>> = Mutex::new(None);

/// Keeps this for one process of this family, which is told where to ask for it.
pub(crate) fn offer(kept: Kept) -> io::Result<Place> {
    let mut running = SHARER.lock().unwrap_or_else(PoisonError::into_inner);
    // A forked copy of the process has no such thread, and a copy of what waits with the other's.
    let stale = running.take_if(|sharer| sharer.process != process::id() || sharer.listener.is_closed());
    let sharer = match &mut *running {
        Some(sharer) => sharer,
        none => none.insert(start()?),
    };
    let address = sharer.listener.address().clone();
    let mut offers = sharer.offers.lock().unwrap_or_else(PoisonError::into_inner);
    offers.next += 1;
    let number = offers.next;
    let crowded_out = if offers.waiting.len() < MOST { None } else { offers.waiting.pop_front() };
    offers.waiting.push_back((number, kept));
    drop(offers);
    drop(running);
    // With no lock held: what goes may have to say so to a server.
    drop((stale, crowded_out));
    Ok(Place { address, number })
}

/// Keeps it no longer: nobody was told.
pub(crate) fn withdraw(place: &Place) {
    let sharer = SHARER.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = sharer
        .as_ref()
        .filter(|sharer| sharer.process == process::id() && *sharer.listener.address() == place.address);
    let Some(offers) = ours.map(|sharer| Arc::clone(&sharer.offers)) else { return };
    drop(sharer);
    let withdrawn = offers.lock().unwrap_or_else(PoisonError::into_inner).take(place.number);
    drop(withdrawn);
}

impl Offers {
    fn take(&mut self, number: u64) -> Option<Kept> {
        let found = self.waiting.iter().position(|(waiting, _)| *waiting == number)?;
        self.waiting.remove(found).map(|(_, kept)| kept)
    }
}

fn start() -> io::Result<Sharer> {
    let options = ListenerOptions { backlog: 128, key: Some(process_key()), ..ListenerOptions::default() };
    let listener = Arc::new(Listener::bind(None, options).map_err(io::Error::other)?);
    let offers: Arc<Mutex<Offers>> = Arc::default();
    let serves = (Arc::clone(&listener), Arc::clone(&offers));
    std::thread::Builder::new().name("resource sharer".into()).spawn(move || serve(&serves.0, &serves.1))?;
    Ok(Sharer { process: process::id(), listener, offers })
}

/// Hands out what is asked for, to one after the other. Ends with the process.
fn serve(listener: &Listener, offers: &Mutex<Offers>) {
    loop {
        match listener.accept_stream() {
            Ok(accepted) => hand_out(accepted, offers),
            Err(AcceptError::AuthenticationFailed(_)) => {}
            // No descriptors are left, say: whoever waits is told by the end of the listener, and the next offer
            // begins anew.
            Err(AcceptError::Closed | AcceptError::Os(_)) => return listener.close(),
        }
    }
}

fn hand_out(mut accepted: Accepted, offers: &Mutex<Offers>) {
    let deadline = Instant::now() + TIME;
    let Ok(request) = accepted.stream.receive(1000, Some(deadline)) else { return };
    let Ok((number, _process)) = from_slice::<(u64, i64)>(&request) else { return };
    let offered = offers.lock().unwrap_or_else(PoisonError::into_inner).take(number);
    match offered {
        Some(Kept::Descriptor(fd)) => {
            // It is closed here then, whether or not somebody has it now.
            let _ = descriptor::send(accepted.stream.as_fd(), fd.as_fd());
        }
        // Gone before the end of the stream says so.
        Some(Kept::Alive(kept)) => drop(kept),
        None => {}
    }
}
