//! Values on their way to another process: bytes in postcard's format and the descriptors they hold.
//!
//! A plain value travels as bytes alone ([`encode`], [`decode`]). A value that holds a descriptor, a
//! queue's handle or the end of a pipe, can travel only where descriptors can: to a process that is
//! being started, or through a connection that passes them ([`Purpose`]). Anywhere else its
//! serialisation is an error, so that nothing arrives that cannot be used.
//!
//! Such a type implements `Serialize` by [`lend`] (which duplicates the descriptor into the parcel
//! and gives an index to write) and `Deserialize` by [`claim`]. [`Descriptor`] does so for a bare
//! descriptor and can serve as a field:
//!
//! ```
//! use procession_reference::transfer::{self, Descriptor, Purpose};
//! use std::fs::File;
//!
//! let log = Descriptor::from(File::open("/dev/null").unwrap());
//! assert!(transfer::encode(&log).is_err(), "bytes alone cannot carry a descriptor");
//!
//! let parcel = transfer::encode_with_descriptors(&log, Purpose::Connection).unwrap();
//! assert_eq!(parcel.descriptors.len(), 1);
//! let arrived: Descriptor =
//!     transfer::decode_with_descriptors(&parcel.bytes, parcel.descriptors, Purpose::Connection).unwrap();
//! # drop(arrived);
//! ```

mod descriptor;
mod error;
pub(crate) mod undo;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::thread::LocalKey;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;

pub use descriptor::Descriptor;
pub use error::{DecodeError, EncodeError, Refused};
pub use undo::undo;

/// Why descriptors may travel with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The value is passed on by a connection, explicitly with its descriptors.
    Connection,
    /// The value is an argument of a process that is being started.
    Starting,
}

/// An encoded value.
pub struct Parcel {
    /// The value in postcard's format; a descriptor is its index in `descriptors`.
    pub bytes: Vec<u8>,
    /// Duplicates of the value's descriptors, close-on-exec.
    pub descriptors: Vec<OwnedFd>,
    /// What must stay alive until the receiver has confirmed: see [`hold`].
    pub held: Vec<Box<dyn Any + Send>>,
}

/// Encodes a value that holds no descriptors.
///
/// # Errors
/// [`EncodeError::Refused`] if the value holds a descriptor, [`EncodeError::Value`] if its
/// `Serialize` fails.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    Ok(collect(value, None, Vec::new())?.bytes)
}

/// Encodes like [`encode`], behind what `buffer` holds already; on an error `buffer` is emptied.
///
/// # Errors
/// Those of [`encode`].
pub fn encode_into<T: Serialize + ?Sized>(value: &T, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
    let before = buffer.len();
    let begin = undo::mark();
    if !is_under_way(&OUTGOING) && without_descriptors(|| codec::append(value, buffer).ok()).is_some() {
        return Ok(());
    }
    // Once more, to learn what was refused.
    undo::since(begin);
    buffer.truncate(before);
    *buffer = collect(value, None, std::mem::take(buffer))?.bytes;
    Ok(())
}

/// Encodes a value and duplicates the descriptors it holds.
///
/// # Errors
/// [`EncodeError::Refused`] if the value must not travel for this purpose,
/// [`EncodeError::Refused`] if a descriptor cannot be duplicated, [`EncodeError::Value`] if its
/// `Serialize` fails. No duplicate is left behind.
pub fn encode_with_descriptors<T: Serialize + ?Sized>(
    value: &T,
    purpose: Purpose,
) -> Result<Parcel, EncodeError> {
    collect(value, Some(purpose), Vec::new())
}

/// In a process that was copied with its arguments in place: lets each part of `value` show that this
/// process has it, as it would show by being decoded. What follows a part that cannot be encoded shows
/// by its first call.
pub(crate) fn inherit<T: Serialize + ?Sized>(value: &T) {
    struct Unwritten;
    impl Extend<u8> for Unwritten {
        fn extend<I: IntoIterator<Item = u8>>(&mut self, _bytes: I) {}
    }
    let _restore =
        Restore::replace(&OUTGOING, Outgoing { inherits: true, ..Outgoing::new(Some(Purpose::Starting)) });
    let _ = postcard::to_extend(value, Unwritten);
}

/// Whether the value is not being encoded for another process but shown to be here: see [`inherit`].
pub(crate) fn is_inheriting() -> bool {
    OUTGOING.with(|slot| slot.borrow().as_ref().is_some_and(|it| it.inherits))
}

/// Decodes what [`encode`] made.
///
/// # Errors
/// [`DecodeError::Refused`] if the bytes name a descriptor, [`DecodeError::Trailing`] if they hold
/// more than the value, [`DecodeError::Value`] if they hold no `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    supply(bytes, None, Vec::new())
}

/// Decodes what [`encode_with_descriptors`] made; descriptors that no part of the value claims are
/// closed.
///
/// # Errors
/// Those of [`decode`]; all the descriptors are closed.
pub fn decode_with_descriptors<T: DeserializeOwned>(
    bytes: &[u8],
    descriptors: Vec<OwnedFd>,
    purpose: Purpose,
) -> Result<T, DecodeError> {
    if descriptors.is_empty() && !is_under_way(&INCOMING) {
        let decoded = without_descriptors(|| match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Some(value),
            _ => None,
        });
        if let Some(value) = decoded {
            return Ok(value);
        }
    }
    supply(bytes, Some(purpose), descriptors)
}

/// For what purpose this thread is encoding or decoding a value just now; `None` if it does neither,
/// if descriptors cannot travel, or if none came with a value being decoded.
pub fn purpose() -> Option<Purpose> {
    let outgoing = OUTGOING.with(|slot| slot.borrow().as_ref().and_then(|it| it.purpose));
    outgoing.or_else(|| INCOMING.with(|slot| slot.borrow().as_ref().and_then(|it| it.purpose)))
}

/// Puts a duplicate of `descriptor` into the parcel that this thread is encoding, for a `Serialize`
/// of `what` (which names the type in the error) that may travel for the purposes `allowed`. The
/// index returned is what is to be serialised in its place.
///
/// # Errors
/// [`Refused`] if nothing is being encoded or not for one of these purposes; also if the system has
/// no descriptor left. Turn it into the serialiser's error by `serde::ser::Error::custom`; [`encode`]
/// and its siblings report the reason in full.
pub fn lend(descriptor: BorrowedFd<'_>, what: &'static str, allowed: &[Purpose]) -> Result<u32, Refused> {
    permit(what, allowed)?;
    OUTGOING.with(|slot| {
        let outgoing = &mut *slot.borrow_mut();
        let Some(outgoing) = outgoing else { return Err(Refused::NotTravelling { what }) };
        if outgoing.inherits {
            return Ok(0);
        }
        match descriptor.try_clone_to_owned() {
            Ok(duplicate) => {
                outgoing.parcel.descriptors.push(duplicate);
                Ok(outgoing.parcel.descriptors.len() as u32 - 1)
            }
            Err(error) => {
                let refused = Refused::Duplicate { what, errno: error.raw_os_error().unwrap_or(0) };
                outgoing.refused = Some(refused);
                Err(refused)
            }
        }
    })
}

/// Asks whether a `what` may be serialised now, for one of the purposes `allowed`; for types that
/// hold no descriptor but are to be shared by inheritance only.
///
/// # Errors
/// [`Refused`], as for [`lend`].
pub fn permit(what: &'static str, allowed: &[Purpose]) -> Result<(), Refused> {
    OUTGOING.with(|slot| {
        let outgoing = &mut *slot.borrow_mut();
        let Some(outgoing) = outgoing else { return Err(note_refusal(Refused::NotTravelling { what })) };
        let refused = match outgoing.purpose {
            Some(purpose) if allowed.contains(&purpose) => return Ok(()),
            Some(purpose) => Refused::Purpose { what, purpose },
            None => Refused::NotTravelling { what },
        };
        outgoing.refused = Some(refused);
        Err(refused)
    })
}

/// Keeps `value` alive until the receiver of the value that this thread is encoding has confirmed
/// that it holds it: a reference that is counted elsewhere, or a lock. A process that is being
/// started confirms once it has decoded its arguments. Outside an encoding the value is dropped.
pub fn hold(value: impl Any + Send) {
    OUTGOING.with(|slot| {
        let outgoing = &mut *slot.borrow_mut();
        if let Some(outgoing) = outgoing {
            outgoing.parcel.held.push(Box::new(value));
        }
    });
}

/// Takes the descriptor with this index from what arrived with the value being decoded.
///
/// # Errors
/// [`Refused::NotSupplied`] if there is none, or it was claimed already.
pub fn claim(index: u32, what: &'static str) -> Result<OwnedFd, Refused> {
    INCOMING.with(|slot| {
        let incoming = &mut *slot.borrow_mut();
        let refused = Refused::NotSupplied { what, index };
        let Some(incoming) = incoming else { return Err(note_refusal(refused)) };
        let claimed = incoming.descriptors.get_mut(index as usize).and_then(Option::take);
        claimed.ok_or_else(|| {
            incoming.refused = Some(refused);
            refused
        })
    })
}

struct Outgoing {
    purpose: Option<Purpose>,
    parcel: Parcel,
    refused: Option<Refused>,
    /// Nothing is to travel: see [`inherit`].
    inherits: bool,
}

impl Outgoing {
    fn new(purpose: Option<Purpose>) -> Outgoing {
        let parcel = Parcel { bytes: Vec::new(), descriptors: Vec::new(), held: Vec::new() };
        Outgoing { purpose, parcel, refused: None, inherits: false }
    }
}

struct Incoming {
    purpose: Option<Purpose>,
    descriptors: Vec<Option<OwnedFd>>,
    refused: Option<Refused>,
}

// Without destructors, so that values travel also when those of the main thread have run: in a handler
// for the end of the process. Nothing is lost by it: both are empty whenever no call is under way.
thread_local! {
    static OUTGOING: Slot<Outgoing> = const { ManuallyDrop::new(RefCell::new(None)) };
    static INCOMING: Slot<Incoming> = const { ManuallyDrop::new(RefCell::new(None)) };
}

type Slot<T> = ManuallyDrop<RefCell<Option<T>>>;

thread_local! {
    /// Whether a part of a value asked for what can only travel, while nothing was under way.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, which encodes or decodes a value that presumably holds no descriptors and that nobody
/// need know of; nothing if it fails or if a part of the value was refused, whatever became of that.
fn without_descriptors<R>(work: impl FnOnce() -> Option<R>) -> Option<R> {
    let before = REFUSED.replace(false);
    let result = work();
    if REFUSED.replace(before) { None } else { result }
}

/// Whether this thread is encoding (decoding) a value already.
fn is_under_way<T>(slot: &'static LocalKey<Slot<T>>) -> bool {
    slot.with(|slot| slot.borrow().is_some())
}

fn note_refusal(refused: Refused) -> Refused {
    REFUSED.set(true);
    refused
}

/// Puts back what was there before, also when a `Serialize` panics or encodes something itself.
struct Restore<T: 'static>(&'static LocalKey<Slot<T>>, Option<T>);

impl<T> Restore<T> {
    fn replace(slot: &'static LocalKey<Slot<T>>, new: T) -> Restore<T> {
        Restore(slot, slot.with(|slot| slot.replace(Some(new))))
    }
}

impl<T> Drop for Restore<T> {
    fn drop(&mut self) {
        // What was there is dropped only when the slot can be used again.
        drop(self.0.with(|slot| slot.replace(self.1.take())));
    }
}

fn collect<T: Serialize + ?Sized>(
    value: &T,
    purpose: Option<Purpose>,
    buffer: Vec<u8>,
) -> Result<Parcel, EncodeError> {
    let _restore = Restore::replace(&OUTGOING, Outgoing::new(purpose));
    let begin = undo::mark();
    let encoded = postcard::to_extend(value, buffer);
    let Some(outgoing) = OUTGOING.with(|slot| slot.take()) else { return Err(EncodeError::Nested) };
    let failed = match (encoded, outgoing.refused) {
        (Ok(bytes), None) => return Ok(Parcel { bytes, ..outgoing.parcel }),
        (_, Some(refused)) => EncodeError::Refused(refused),
        (Err(source), None) => EncodeError::Value { type_name: std::any::type_name::<T>(), source },
    };
    undo::since(begin);
    Err(failed)
}

fn supply<T: DeserializeOwned>(
    bytes: &[u8],
    purpose: Option<Purpose>,
    descriptors: Vec<OwnedFd>,
) -> Result<T, DecodeError> {
    let descriptors = descriptors.into_iter().map(Some).collect();
    let _restore = Restore::replace(&INCOMING, Incoming { purpose, descriptors, refused: None });
    let decoded = postcard::take_from_bytes::<T>(bytes);
    let refused = INCOMING.with(|slot| slot.borrow().as_ref().and_then(|it| it.refused));
    let type_name = std::any::type_name::<T>();
    match (decoded, refused) {
        (_, Some(refused)) => Err(DecodeError::Refused(refused)),
        (Err(source), None) => Err(DecodeError::Value { type_name, source }),
        (Ok((value, [])), None) => Ok(value),
        (Ok((_, rest)), None) => Err(DecodeError::Trailing { type_name, bytes: rest.len() }),
    }
}

#[cfg(test)]
mod tests;
