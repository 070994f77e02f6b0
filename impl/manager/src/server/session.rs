//! One connection, whose client has proved the key: one request of the server itself, or a session in which proxies
//! call their objects.
//!
//! What a call takes out of an object is the client's when it has read the whole reply, and not before: until then
//! the session keeps it, and puts it back if the reply cannot be sent or the connection ends unread. That the client
//! has read it is said by its next request, or by a connection that ends otherwise: who is killed after the last byte
//! has taken it along, whatever it has done with it. The system says the end of a connection when the last process
//! that has the client's side closes it or ends, so a copy in a forked child delays it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use procession_wire::message::Request;
use procession_wire::{Value, pickle};

use super::connections::Place;
use super::reply::{Answer, key_error};
use super::serve::Shared;
use super::tokens::tokens_in;
use super::{Arguments, Call, Caller, Fault, Given, Object, Quota, Referent, Taken, Whole, oneshot};
use crate::family::named;
use crate::python::{Class, Raise, Work, text_repr};
use crate::stream::{ReceiveError, Stream};

/// Serves one connection until it ends. Nobody is told anything before it has proved the key: the listener sees to
/// that.
pub(super) fn serve(shared: &Shared, mut stream: Stream, caller: &Caller, mut place: Place) {
    let Ok(message) = stream.receive(shared.limits.message as u64, None) else { return };
    if begin(shared, &mut stream, caller, &mut place, message) {
        run(shared, &mut stream, caller);
    }
}

/// Answers the first request of a connection: whether it is a session from now on, which is to be [`run`].
pub(super) fn begin(
    shared: &Shared,
    stream: &mut Stream,
    caller: &Caller,
    place: &mut Place,
    message: Vec<u8>,
) -> bool {
    let after = oneshot::answer(shared, caller, place, &message);
    drop(message);
    let is_sent = send(shared, stream, &after.answer, true, &mut Vec::new()) != Sent::Nothing;
    match after.then {
        // Whoever asked for it may have left already: what was asked is done all the same.
        oneshot::Then::End => shared.end(),
        oneshot::Then::Session => return is_sent,
        oneshot::Then::Close => {}
    }
    false
}

/// A session: requests and replies in turn, until the client or the server leaves.
pub(super) fn run(shared: &Shared, stream: &mut Stream, caller: &Caller) {
    let mut session = Session { shared, caller, called: HashMap::new(), last_reply: Vec::new(), taken: None };
    let mut space = Vec::new();
    loop {
        let answer = match stream.receive(shared.limits.message as u64, None) {
            Ok(message) => {
                // Whoever was given a proxy with the last reply has its own reference by now.
                let last = std::mem::take(&mut session.last_reply);
                let taken = session.taken.take();
                drop((last, taken));
                let answer = session.answer(&message);
                stream.reuse(message);
                answer
            }
            // Whoever begins another request has read the last reply.
            Err(ReceiveError::TooLong(length)) => {
                let most = shared.limits.message;
                let said = format!("a request of {length} bytes, expected at most {most}");
                let _ =
                    send(shared, stream, &Answer::traceback(&Raise::value_error(said)), false, &mut space);
                break;
            }
            Err(_) => {
                if stream.is_left_unread() {
                    session.put_back();
                }
                break;
            }
        };
        let Some(answer) = answer else { break };
        if let Answer::Value(stored) = &answer {
            session.last_reply = stored.holds().to_vec();
        }
        match send(shared, stream, &answer, false, &mut space) {
            Sent::Answer => {}
            Sent::Excuse => session.put_back(),
            Sent::Nothing => {
                session.put_back();
                break;
            }
        }
    }
    session.leave();
}

/// What was sent to a client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// The answer.
    Answer,
    /// Why the answer cannot be sent.
    Excuse,
    /// Nothing, or a part, for nobody takes it.
    Nothing,
}

/// Sends a reply, or why that cannot be. `space` is memory of the last reply, for the next.
fn send(
    shared: &Shared,
    stream: &mut Stream,
    answer: &Answer,
    is_oneshot: bool,
    space: &mut Vec<u8>,
) -> Sent {
    let most = shared.limits.message;
    let written = answer.write(std::mem::take(space)).and_then(|reply| match reply.len() <= most {
        true => Ok(reply),
        false => Err(format!("a reply of {} bytes, expected at most {most}", reply.len())),
    });
    let sent = if written.is_ok() { Sent::Answer } else { Sent::Excuse };
    let excuse;
    let reply = match written {
        Ok(reply) => Ok(reply),
        Err(why) => {
            excuse = match is_oneshot {
                true => Answer::traceback(&Raise::value_error(why)),
                false => Answer::unserializable(&why),
            };
            excuse.write(Vec::new())
        }
    };
    let Ok(reply) = reply else { return Sent::Nothing };
    let is_sent = stream.send_written(&reply, None).is_ok();
    *space = reply.into_space();
    if is_sent { sent } else { Sent::Nothing }
}

/// The request in a message, or the reply that says why there is none.
pub(super) fn with_request<T>(
    shared: &Shared,
    message: &[u8],
    answer: impl FnOnce(Request<'_>) -> T,
) -> Result<T, Answer> {
    let value: Value<'_> = shared.reader.read(message).map_err(|error| {
        let class = match error {
            pickle::ReadError::Truncated { offset: 0, .. } => "EOFError",
            _ => "_pickle.UnpicklingError",
        };
        Answer::failed(&format!("{class}: {error}"))
    })?;
    let _held = held(shared, &value)?;
    match Request::read(value.root()) {
        Ok(request) => Ok(answer(request)),
        Err(error) => Err(Answer::traceback(&Raise::value_error(error.to_string()))),
    }
}

/// The objects that a request names: they are there until it has been carried out, also if the client is killed
/// meanwhile and its references are taken back. An object of this server that is gone already is an error, as it is
/// for CPython's: what such a request stores, nobody could read again.
fn held(shared: &Shared, request: &Value<'_>) -> Result<Vec<Arc<Object>>, Answer> {
    // Most requests name none.
    if !request.has_objects() {
        return Ok(Vec::new());
    }
    let mut objects = Vec::new();
    for token in tokens_in(request.root()) {
        let ident = token.ident.to_str_lossy();
        match shared.objects.find(&ident) {
            Some(object) => objects.push(object),
            None if named(&token.address) == *shared.address() => {
                return Err(Answer::traceback(&key_error(&ident)));
            }
            // Another server's, perhaps.
            None => {}
        }
    }
    Ok(objects)
}

/// Runs what may be code of a type of the user's own: a panic is an error for its client alone.
pub(super) fn guarded<T>(body: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    // What a panic leaves half done is behind locks that their users take poisoned, or not at all.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Fault::Failed(format!("RuntimeError: the method panicked: {said}")))
    })
}

/// What a session has called. What is shared outlives its name, and is told all the same.
struct Called {
    object: Weak<Object>,
    referent: Weak<dyn Referent>,
}

impl Called {
    fn of(object: &Arc<Object>) -> Called {
        Called { object: Arc::downgrade(object), referent: Arc::downgrade(&object.referent) }
    }
}

struct Session<'s> {
    shared: &'s Shared,
    caller: &'s Caller,
    /// What it has called, by name: to be found again, and to be told when the session leaves.
    called: HashMap<Box<str>, Called>,
    /// What the last reply named.
    last_reply: Vec<Arc<Object>>,
    /// What the last call has taken out, until its client has read the reply.
    taken: Option<(Called, Taken)>,
}

impl Session<'_> {
    /// The reply to a request; none where nobody waits for it any more.
    fn answer(&mut self, message: &[u8]) -> Option<Answer> {
        let shared = self.shared;
        with_request(shared, message, |request| self.call(request)).unwrap_or_else(Some)
    }

    fn call(&mut self, request: Request<'_>) -> Option<Answer> {
        let Some(ident) = request.ident else {
            let said = "a request of a session names an object; functions of the server have connections of their own";
            return Some(Answer::traceback(&Raise::value_error(said)));
        };
        let ident = ident.to_str_lossy();
        // No other object will ever have its name, so one that was called before need not be looked up again,
        // which all sessions do under one lock.
        let called = self.called.get(&*ident).and_then(|called| called.object.upgrade());
        let object = match called {
            Some(object) => object,
            None => match self.shared.objects.find(&ident) {
                Some(object) => {
                    self.remember(&object);
                    object
                }
                None => return Some(Answer::traceback(&key_error(&ident))),
            },
        };
        let mut work = Work::of(self.shared.limits.work);
        let quota = self.quota(&object);
        let method = request.method.to_str_lossy();
        let exposed = object.referent.exposed().contains(&&*method);
        let given = guarded(|| match &*method {
            method if exposed => object.referent.call(&mut Call {
                method,
                arguments: Arguments { positional: request.args, named: request.kwargs },
                caller: self.caller,
                objects: &self.shared.objects,
                object: &object,
                work: &mut work,
                quota: &quota,
            }),
            "__str__" => Ok(text(object.referent.display(quota.text, &mut work)?)),
            "__repr__" => Ok(text(object.referent.repr(quota.text, &mut work)?)),
            "#GETVALUE" => match object.referent.whole() {
                Whole::Value(value) => Ok(Given::Value(value)),
                Whole::Unserializable(why) => Err(Fault::Unserializable(why.into())),
            },
            method => Err(Fault::Failed(not_exposed(&object, method))),
        });
        let measured = guarded(|| {
            self.shared.objects.measure(&object);
            Ok(())
        });
        match measured.and(given) {
            Ok(Given::Value(value)) => Some(Answer::Value(value)),
            Ok(Given::Taken(taken)) => {
                let value = taken.value.clone();
                let called = Called::of(&object);
                self.taken = Some((called, taken));
                Some(Answer::Value(value))
            }
            Ok(Given::Proxy { typeid, referent }) => self.proxy(typeid, referent),
            Err(Fault::Raised(raise)) => Some(Answer::raised(&raise)),
            Err(Fault::Failed(text)) => Some(Answer::failed(&text)),
            Err(Fault::Unserializable(text)) => Some(Answer::unserializable(&text)),
            Err(Fault::Left) => None,
        }
    }

    /// How large the object may become, by its own bounds and by what all take together.
    fn quota(&self, object: &Object) -> Quota {
        let limits = &self.shared.limits;
        let left = limits.stored.saturating_sub(self.shared.objects.bytes());
        let quota = limits.quota;
        Quota { bytes: quota.bytes.min(object.measured().saturating_add(left)), ..quota }
    }

    /// A new object; none for a client that has left.
    fn proxy(&self, typeid: &str, referent: Arc<dyn Referent>) -> Option<Answer> {
        let peer = match self.caller.stream() {
            Some(stream) => self.shared.objects.peer(stream).ok()?,
            None => None,
        };
        Some(match self.shared.objects.create(typeid, referent, peer.as_ref()) {
            Ok(object) => Answer::proxy(&object, self.shared.address()),
            Err(full) => Answer::traceback(&Raise::text(Class::Memory, full.to_string())),
        })
    }

    fn remember(&mut self, object: &Arc<Object>) {
        if self.called.contains_key(&object.ident) {
            return;
        }
        // Of a client that calls a million objects one by one, those that are gone need no memory.
        if self.called.len() >= 64 && self.called.len().is_power_of_two() {
            self.called.retain(|_, called| called.referent.strong_count() > 0);
        }
        self.called.insert(object.ident.clone(), Called::of(object));
    }

    /// Gives what the last call has taken out back to its object, if that is there still.
    fn put_back(&mut self) {
        let Some((called, taken)) = self.taken.take() else { return };
        let Some(referent) = called.referent.upgrade() else { return };
        // As for `left`: nobody is there to hear of a panic.
        let _ = guarded(|| {
            referent.put_back(taken);
            if let Some(object) = called.object.upgrade() {
                self.shared.objects.measure(&object);
            }
            Ok(())
        });
    }

    /// Tells every object that it has called that it is gone.
    fn leave(self) {
        for referent in self.called.into_values().filter_map(|called| called.referent.upgrade()) {
            // What it has to say was said by the panic hook, and nobody else is there to hear it.
            let _ = guarded(|| {
                referent.left(self.caller.id());
                Ok(())
            });
        }
    }
}

fn text(text: String) -> Given {
    Given::Value(super::Stored::build(|builder| builder.str(text.as_str())))
}

fn not_exposed(object: &Object, method: &str) -> String {
    let names: Vec<String> = object.referent.exposed().iter().map(|name| text_repr(name)).collect();
    format!(
        "AttributeError: method {} of '{}' object is not in exposed=({})",
        text_repr(method),
        object.typeid,
        names.join(", ")
    )
}
