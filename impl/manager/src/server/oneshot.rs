//! The functions of the server itself, one request and one reply to a connection.

use std::sync::Arc;

use procession_wire::message::{Created, Request, Token};
use procession_wire::{Node, Text};

use super::connections::Place;
use super::reply::{Answer, key_error};
use super::serve::Shared;
use super::session::{guarded, with_request};
use super::{Arguments, Caller, Creation, Departed, Fault, Peer};
use crate::python::{Class, Raise, Work, text_repr};

/// The reply to a request, and what becomes of its connection.
pub(super) struct Answered {
    pub(super) answer: Answer,
    pub(super) then: Then,
}

/// What follows the reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The connection is closed.
    Close,
    /// It becomes a session.
    Session,
    /// The server ends.
    End,
}

/// Answers the first request of a connection.
pub(super) fn answer(shared: &Shared, caller: &Caller, place: &mut Place, message: &[u8]) -> Answered {
    let answered = with_request(shared, message, |request| {
        let mut then = Then::Close;
        let answer = guarded(|| carry_out(shared, caller, place, request, &mut then));
        // Whatever fails here fails in the server: only methods of objects raise errors for their clients.
        let answer = answer.unwrap_or_else(|fault| match fault {
            Fault::Raised(raise) => Answer::traceback(&raise),
            Fault::Failed(text) | Fault::Unserializable(text) => Answer::failed(&text),
            Fault::Left => Answer::failed("EOFError: the client has left, or the server ends"),
        });
        Answered { answer, then }
    });
    answered.unwrap_or_else(|answer| Answered { answer, then: Then::Close })
}

fn carry_out(
    shared: &Shared,
    caller: &Caller,
    place: &mut Place,
    request: Request<'_>,
    then: &mut Then,
) -> Result<Answer, Fault> {
    let function = request.method.to_str_lossy();
    let arguments = Arguments { positional: request.args, named: request.kwargs };
    let peer = || match caller.stream() {
        Some(stream) => shared.objects.peer(stream).map_err(|Departed| Fault::Left),
        None => Ok(None),
    };
    match &*function {
        "dummy" => {
            let [] = arguments.exactly("dummy")?;
            Ok(Answer::none())
        }
        "accept_connection" => {
            let [_name] = arguments.bind("accept_connection", ["name"], 1)?;
            place.begin_session(&shared.limits).map_err(|most| {
                let said = format!("the server has {} sessions, and allows no more", most.0);
                Raise::text(Class::Runtime, said)
            })?;
            *then = Then::Session;
            Ok(Answer::none())
        }
        "create" => create(shared, arguments, peer()?.as_ref()),
        "incref" => {
            let [ident] = arguments.exactly("incref")?;
            let ident = text_of("incref", ident)?.to_str_lossy();
            let taken = shared.objects.incref(&ident, peer()?.as_ref());
            taken.map(|()| Answer::none()).map_err(|_| key_error(&ident).into())
        }
        "decref" => {
            let [ident] = arguments.exactly("decref")?;
            let ident = text_of("decref", ident)?.to_str_lossy();
            let given_back = shared.objects.decref(&ident, peer()?.as_ref());
            given_back.map(|()| Answer::none()).map_err(|_| key_error(&ident).into())
        }
        "get_methods" => {
            let [token] = arguments.exactly("get_methods")?;
            let token = Token::read(token).map_err(|error| Raise::type_error(error.to_string()))?;
            let ident = token.ident.to_str_lossy();
            let object = shared.objects.find(&ident).ok_or_else(|| key_error(&ident))?;
            Ok(Answer::returning(|builder| {
                let names: Vec<_> = object.referent.exposed().iter().map(|name| builder.str(*name)).collect();
                builder.tuple(&names)
            }))
        }
        "number_of_objects" => {
            let [] = arguments.exactly("number_of_objects")?;
            shared.objects.collect();
            let number = shared.objects.number();
            Ok(Answer::returning(|builder| builder.int(i64::try_from(number).unwrap_or(i64::MAX))))
        }
        "debug_info" => {
            let [] = arguments.exactly("debug_info")?;
            shared.objects.collect();
            Ok(Answer::text(&debug_info(shared)))
        }
        "track_segment" => {
            let [name] = arguments.exactly("track_segment")?;
            shared.segments.track(&text_of("track_segment", name)?.to_str_lossy())?;
            Ok(Answer::none())
        }
        "release_segment" => {
            let [name] = arguments.exactly("release_segment")?;
            shared.segments.release(&text_of("release_segment", name)?.to_str_lossy())?;
            Ok(Answer::none())
        }
        "list_segments" => {
            let [] = arguments.exactly("list_segments")?;
            let names = shared.segments.names();
            Ok(Answer::returning(|builder| {
                let names: Vec<_> = names.iter().map(|name| builder.str(name.as_str())).collect();
                builder.list(&names)
            }))
        }
        "shutdown" => {
            let [] = arguments.exactly("shutdown")?;
            *then = Then::End;
            Ok(Answer::none())
        }
        unknown => Err(Raise::text(Class::Assertion, format!("{} unrecognized", text_repr(unknown))).into()),
    }
}

fn create(shared: &Shared, arguments: Arguments<'_>, peer: Option<&Arc<Peer>>) -> Result<Answer, Fault> {
    let Some(typeid) = arguments.positional.get(0) else {
        return Err(Raise::type_error("create() missing required argument: 'typeid'").into());
    };
    let typeid = text_of("create", typeid)?.to_str_lossy();
    let mut work = Work::of(shared.limits.work);
    let mut quota = shared.limits.quota;
    quota.bytes = quota.bytes.min(shared.limits.stored.saturating_sub(shared.objects.bytes()));
    let referent = shared.registry.make(&mut Creation {
        typeid: &typeid,
        arguments: Arguments { positional: arguments.positional.after(1), ..arguments },
        objects: &shared.objects,
        work: &mut work,
        quota: &quota,
    })?;
    if referent.size() > quota.bytes {
        let said = format!("the object takes {} bytes, and {} are allowed", referent.size(), quota.bytes);
        return Err(Raise::text(Class::Memory, said).into());
    }
    let created = shared.objects.create(&typeid, referent, peer);
    let object = created.map_err(|full| Raise::text(Class::Memory, full.to_string()))?;
    shared.objects.measure(&object);
    Ok(Answer::returning(|builder| Created::add(builder, &object.ident, object.referent.exposed())))
}

/// As CPython writes it: two lines for each object, the second no longer than its first 75 characters.
fn debug_info(shared: &Shared) -> String {
    let mut work = Work::of(shared.limits.work);
    let lines = shared.objects.referred_to().into_iter().map(|(object, references)| {
        let shown = object.referent.display(shared.limits.quota.text, &mut work);
        let shown: String = shown.unwrap_or_else(|error| error.to_string()).chars().take(75).collect();
        format!("  {}:       refcount={references}\n    {shown}", object.ident)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn text_of<'v>(function: &str, node: Node<'v>) -> Result<Text<'v>, Raise> {
    node.text().ok_or_else(|| {
        Raise::type_error(format!(
            "{function}() expected a str as its first argument, found a {}",
            node.type_name()
        ))
    })
}
