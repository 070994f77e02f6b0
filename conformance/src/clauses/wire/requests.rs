//! What a manager's server is asked, and how it replies.

use crate::clauses::handshakes::the_key;
use crate::clauses::prelude::*;

/// The connection to the server under this name, as any client opens it.
fn to_server(name: &str) -> Line {
    connect(name, Endpoint::Of("m".into()), the_key()).ok()
}

/// A request for a method of the object of this id, sent through the connection `c`, and its reply of this
/// kind, known as `reply` from then on.
fn request(connection: &str, id: Datum, method: &str, args: Vec<Datum>, kind: &str) -> [Line; 4] {
    let parts = vec![id, method.into(), Datum::Tuple { tuple: args }, Datum::Dict { dict: Vec::new() }];
    [
        keep("request", Datum::Tuple { tuple: parts }).ok(),
        hand(connection, "request").ok(),
        take_over(connection, "reply").ok(),
        get_item("reply", 0).gives_value(kind),
    ]
}

/// The id of the server itself.
fn server() -> Datum {
    Datum::Scalar(Scalar::None(()))
}

/// The value of the last reply.
fn value_of_reply() -> Line {
    get_item("reply", 1)
}

/// Creates an object in the server, known by its id as `id` from then on.
fn create_in_server(kind: &str, args: Vec<Datum>) -> Vec<Line> {
    let args = std::iter::once(kind.into()).chain(args).collect();
    let mut lines = vec![to_server("c")];
    lines.extend(request("c", server(), "create", args, "#RETURN"));
    lines.extend([value_of_reply().into_name("created").ok(), get_item("created", 0).into_name("id").ok()]);
    // From then on the connection `c` is a client's own.
    lines.push(to_server("c"));
    lines.extend(request("c", server(), "accept_connection", vec!["a client".into()], "#RETURN"));
    lines
}

/// A manager that is asked in this manner.
fn asked(title: &str, lines: impl IntoIterator<Item = Line>) -> Program {
    let manager =
        ObjectKind::Manager { at: Endpoint::Unsaid, key: the_key(), initializer: None, idle: false };
    Program::new().title(title).object("m", manager).main(lines)
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "wire/manager-request-response",
    level: Level::Must,
    text: "A manager request is (object id, method, positional, keyword); a reply is a kind among #RETURN, \
        #ERROR, #PROXY, #TRACEBACK, #UNSERIALIZABLE plus a value; id \"none\" addresses the server itself.",
    source: "managers.dispatch, Server.serve_client",
    claims: &[CPYTHON_WIRE],
    programs: |_| {
        let id = || Datum::known("id");
        let mut of_server = vec![to_server("c")];
        of_server.extend(request("c", server(), "dummy", vec![], "#RETURN"));
        of_server.extend([value_of_reply().gives_value(Scalar::None(())), to_server("c")]);
        of_server.extend(request("c", server(), "nonsense", vec![], "#TRACEBACK"));

        let mut of_list = create_in_server("list", vec![Datum::list([1, 2])]);
        of_list.extend(request("c", id(), "__len__", vec![], "#RETURN"));
        of_list.push(value_of_reply().gives_value(2));
        of_list.extend(request("c", id(), "append", vec![Datum::list(["x"])], "#RETURN"));
        of_list.extend(request("c", id(), "__getitem__", vec![2.into()], "#RETURN"));
        of_list.push(value_of_reply().gives_value(Datum::list(["x"])));
        of_list.extend(request("c", id(), "__getitem__", vec![9.into()], "#ERROR"));
        of_list.extend(request("c", id(), "nonsense", vec![], "#TRACEBACK"));
        of_list.extend(request("c", id(), "#GETVALUE", vec![], "#RETURN"));
        of_list.push(value_of_reply().gives_value(Datum::List(vec![1.into(), 2.into(), Datum::list(["x"])])));

        let mut of_dict = create_in_server("dict", vec![Datum::dict([("a", 1)])]);
        of_dict.extend(request("c", id(), "__iter__", vec![], "#PROXY"));
        of_dict.extend(request("c", id(), "keys", vec![], "#RETURN"));
        of_dict.push(value_of_reply().gives_value(Datum::list(["a"])));

        let mut of_counter = create_in_server("counter", vec![]);
        of_counter.extend(request("c", id(), "unserialisable", vec![], "#UNSERIALIZABLE"));
        of_counter.extend(request("c", id(), "get", vec![], "#RETURN"));
        of_counter.push(value_of_reply().gives_value(0));

        vec![
            asked("the server itself", of_server),
            asked("a list", of_list),
            asked("a dictionary and its iterator", of_dict),
            asked("what cannot be encoded", of_counter),
        ]
    },
    ..Clause::BLANK
}];
