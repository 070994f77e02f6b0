//! The words about managers, managed objects, plain values, listeners and those who connect to them.

use procession_contract::{Call, Datum, Endpoint, Key, ObjectKind, ObjectSpec, Registered};

use super::{ended, on, own};
use crate::program::{Condition, Expect, Line, Program, Role};

/// A manager of which nothing is said.
pub fn a_manager() -> ObjectKind {
    ObjectKind::Manager { at: Endpoint::Unsaid, key: Key::Unsaid, initializer: None, idle: false }
}

/// A manager that is not started by its creation.
pub fn an_idle_manager() -> ObjectKind {
    ObjectKind::Manager { at: Endpoint::Unsaid, key: Key::Unsaid, initializer: None, idle: true }
}

/// A managed list of these elements.
pub fn a_list(initial: impl IntoIterator<Item = impl Into<Datum>>) -> ObjectKind {
    ObjectKind::List { initial: Some(Datum::list(initial)) }
}

/// A managed list without elements.
pub fn an_empty_list() -> ObjectKind {
    ObjectKind::List { initial: None }
}

/// A managed dictionary of these entries.
pub fn a_dict(initial: impl IntoIterator<Item = (impl Into<Datum>, impl Into<Datum>)>) -> ObjectKind {
    ObjectKind::Dict { initial: Some(Datum::dict(initial)) }
}

/// A managed dictionary without entries.
pub fn an_empty_dict() -> ObjectKind {
    ObjectKind::Dict { initial: None }
}

/// A managed namespace without attributes.
pub fn a_namespace() -> ObjectKind {
    ObjectKind::Namespace { initial: Vec::new() }
}

/// An object of a registered type.
pub fn registered(of: Registered, args: impl IntoIterator<Item = impl Into<Datum>>) -> ObjectKind {
    ObjectKind::Registered { of, args: args.into_iter().map(Into::into).collect() }
}

/// This kind of object in a manager's server.
pub fn managed(manager: &str, of: ObjectKind) -> ObjectKind {
    ObjectKind::Managed { manager: manager.into(), of: Box::new(of) }
}

/// A listener at this place, with this key.
pub fn a_listener(at: Endpoint, key: Key) -> ObjectKind {
    ObjectKind::Listener { at, key, backlog: None }
}

impl Program {
    /// Adds a manager, started.
    pub fn manager(self, name: &str) -> Program {
        self.object(name, a_manager())
    }

    /// Adds an object in a manager's server.
    pub fn managed(self, name: &str, manager: &str, of: ObjectKind) -> Program {
        self.object(name, managed(manager, of))
    }

    /// Adds a listener.
    pub fn listener(self, name: &str, at: Endpoint, key: Key) -> Program {
        self.object(name, a_listener(at, key))
    }

    /// The same program about managed objects: each that can be one, of `manager`, which it adds.
    pub fn in_manager(mut self, manager: &str) -> Program {
        for object in self.objects.iter_mut().filter(|object| can_be_managed(&object.kind)) {
            object.kind = managed(manager, object.kind.clone());
        }
        self.objects.insert(0, ObjectSpec { name: manager.into(), kind: a_manager(), method: None });
        (1..self.roles.len()).for_each(|role| self.let_main_outlast(role));
        self
    }

    /// Lets main end only when this worker has, unless the worker waits for main's end or for ever.
    pub(super) fn let_main_outlast(&mut self, role: usize) {
        let Role { worker, lines } = &self.roles[role];
        let of_main = |condition: &Condition| match condition {
            Condition::Ended(name) | Condition::Gone(name) => name == "main",
            _ => false,
        };
        let stays = |line: &Line| {
            line.after.iter().any(of_main)
                || line.expect == Some(Expect::Blocked)
                || matches!(line.step.call, Call::Serve)
        };
        if worker.bodiless || lines.iter().any(stays) {
            return;
        }
        let ended = ended(&worker.name);
        let main = &mut self.roles[0].lines;
        if main.last().is_none_or(|last| last.label != OUTLASTS) {
            main.push(own(Call::Getpid).label(OUTLASTS));
        }
        main.last_mut().expect("it has one").after.push(ended);
    }
}

/// The label of main's last line in a program with a manager.
const OUTLASTS: &str = "all-have-ended";

/// Whether managers serve this kind of object.
fn can_be_managed(kind: &ObjectKind) -> bool {
    !matches!(
        kind,
        ObjectKind::SimpleQueue
            | ObjectKind::Pipe { .. }
            | ObjectKind::StreamPipe { .. }
            | ObjectKind::OsPipe
            | ObjectKind::Record { .. }
            | ObjectKind::Manager { .. }
            | ObjectKind::Managed { .. }
            | ObjectKind::Listener { .. }
    )
}

impl Line {
    /// Expects this plain value.
    pub fn gives_value(self, datum: impl Into<Datum>) -> Line {
        self.expect(Expect::Gives(datum.into()))
    }

    /// Expects these plain values, in this order.
    pub fn gives_values(self, data: impl IntoIterator<Item = impl Into<Datum>>) -> Line {
        self.expect(Expect::GivesAll(data.into_iter().map(Into::into).collect()))
    }

    /// Expects an object of this kind, and no plain value.
    pub fn gives_object(self, kind: &str) -> Line {
        self.expect(Expect::GivesObject(kind.into()))
    }

    /// Keeps the result under this name.
    pub fn into_name(mut self, name: &str) -> Line {
        match &mut self.step.call {
            Call::Invoke { into, .. } => *into = Some(name.into()),
            other => panic!("the result of {other:?} cannot be kept under a name"),
        }
        self
    }
}

/// Calls a method without arguments.
pub fn invoke(object: &str, method: &str) -> Line {
    on(object, Call::Invoke { method: method.into(), args: Vec::new(), into: None })
}

/// Calls a method with these arguments.
pub fn invoke_with(object: &str, method: &str, args: impl IntoIterator<Item = impl Into<Datum>>) -> Line {
    let args = args.into_iter().map(Into::into).collect();
    on(object, Call::Invoke { method: method.into(), args, into: None })
}

/// Appends to a list.
pub fn append(list: &str, value: impl Into<Datum>) -> Line {
    invoke_with(list, "append", [value.into()])
}

/// Reads an element or an entry.
pub fn get_item(container: &str, at: impl Into<Datum>) -> Line {
    invoke_with(container, "__getitem__", [at.into()])
}

/// Writes an element or an entry.
pub fn set_item(container: &str, at: impl Into<Datum>, to: impl Into<Datum>) -> Line {
    invoke_with(container, "__setitem__", [at.into(), to.into()])
}

/// Removes an element or an entry.
pub fn del_item(container: &str, at: impl Into<Datum>) -> Line {
    invoke_with(container, "__delitem__", [at.into()])
}

/// How many elements or entries there are.
pub fn len_of(container: &str) -> Line {
    invoke(container, "__len__")
}

/// Reads an attribute.
pub fn get_attribute(namespace: &str, name: &str) -> Line {
    invoke_with(namespace, "__getattribute__", [name])
}

/// Writes an attribute.
pub fn set_attribute(namespace: &str, name: &str, to: impl Into<Datum>) -> Line {
    invoke_with(namespace, "__setattr__", [name.into(), to.into()])
}

/// Removes an attribute.
pub fn del_attribute(namespace: &str, name: &str) -> Line {
    invoke_with(namespace, "__delattr__", [name])
}

/// A plain value of the caller's own.
pub fn keep(name: &str, value: impl Into<Datum>) -> Line {
    own(Call::Keep { name: name.into(), value: value.into() })
}

/// A plain copy of what a managed object holds.
pub fn get_value(object: &str, name: &str) -> Line {
    on(object, Call::GetValue { name: name.into(), deep: false })
}

/// The same, by the language's own deep copy.
pub fn deep_copy(object: &str, name: &str) -> Line {
    on(object, Call::GetValue { name: name.into(), deep: true })
}

/// Goes through a container.
pub fn iterate(container: &str) -> Line {
    on(container, Call::Iterate { meanwhile: None })
}

/// Goes through a container, and makes a call on it after the first element.
pub fn iterate_with(container: &str, meanwhile: Line) -> Line {
    on(container, Call::Iterate { meanwhile: Some(Box::new(meanwhile.step.call)) })
}

/// Adds to an attribute, or to the entry of this key, as a program writes `+=`.
pub fn add_to(object: &str, field: &str, amount: i64) -> Line {
    on(object, Call::Add { at: None, field: Some(field.into()), amount, times: 1, locked: false })
}

/// Whether two names stand for equal things.
pub fn equals(object: &str, other: &str) -> Line {
    on(object, Call::Equals { other: other.into() })
}

/// The form that is meant for readers.
pub fn display(object: &str) -> Line {
    on(object, Call::Display)
}

/// Creates an object of a manager in the caller.
pub fn create_managed(name: &str, manager: &str, of: ObjectKind) -> Line {
    let kind = managed(manager, of);
    own(Call::Create { object: Box::new(ObjectSpec { name: name.into(), kind, method: None }) })
}

/// Ends a manager's server.
pub fn shutdown(manager: &str) -> Line {
    on(manager, Call::Shutdown)
}

/// Kills a manager's server.
pub fn kill_server(manager: &str) -> Line {
    on(manager, Call::KillServer)
}

/// The address of a manager or a listener.
pub fn address(of: &str) -> Line {
    on(of, Call::Address)
}

/// The permissions of the directory in which the socket of a manager or a listener lies.
pub fn directory_mode(of: &str) -> Line {
    on(of, Call::DirectoryMode)
}

/// How many objects the server holds.
pub fn number_of_objects(manager: &str) -> Line {
    on(manager, Call::NumberOfObjects)
}

/// Serves a manager's objects in the caller.
pub fn serve(manager: &str) -> Line {
    on(manager, Call::Serve)
}

/// Connects to a manager's server.
pub fn connect_manager(name: &str, to: Endpoint, key: Key) -> Line {
    own(Call::ConnectManager { name: name.into(), to, key })
}

/// Sends something that the worker knows through a connection or a queue.
pub fn hand(through: &str, name: &str) -> Line {
    on(through, Call::Hand { name: name.into() })
}

/// Receives something that another worker handed over.
pub fn take_over(through: &str, name: &str) -> Line {
    on(through, Call::TakeOver { name: name.into() })
}

/// Accepts a connection.
pub fn accept(listener: &str, name: &str) -> Line {
    on(listener, Call::Accept { name: name.into() })
}

/// Connects to a listener.
pub fn connect(name: &str, to: Endpoint, key: Key) -> Line {
    own(Call::Connect { name: name.into(), to, key })
}

/// Where the last accepted connection came from.
pub fn last_accepted(listener: &str) -> Line {
    on(listener, Call::LastAccepted)
}

/// Reads bytes of the stream below a connection's messages.
pub fn read_raw(connection: &str, max: u32) -> Line {
    on(connection, Call::ReadRaw { max })
}

#[cfg(test)]
mod tests {
    use super::super::{get, put};
    use super::*;
    use crate::program::check;

    /// For whose end main's last line waits.
    fn outlasted(program: &Program) -> Vec<&str> {
        let last = program.roles[0].lines.last().filter(|last| last.label == OUTLASTS);
        let conditions = last.iter().flat_map(|last| &last.after);
        conditions
            .map(|condition| match condition {
                Condition::Ended(name) => name.as_str(),
                other => panic!("{other:?} is no end"),
            })
            .collect()
    }

    fn workers(program: Program) -> Program {
        program
            .queue("q", 0)
            .main([get("q").gives(1)])
            .process("p", [put("q", 1).ok()])
            .process("r", [put("q", 2).after(ended("main")).ok()])
            .process("s", [get("q").after(ended("p")).blocks()])
    }

    #[test]
    fn main_outlasts_whoever_does_not_wait_for_it_where_there_is_a_manager() {
        assert_eq!(outlasted(&workers(Program::new())), Vec::<&str>::new());
        let beside = workers(Program::new().manager("m"));
        assert_eq!(outlasted(&beside), ["p"]);
        let within = workers(Program::new()).in_manager("m");
        assert_eq!(outlasted(&within), ["p"]);
        assert_eq!(check::problems(&within), Vec::<String>::new());
    }

    #[test]
    fn what_no_manager_serves_stays_outside() {
        let program = Program::new().queue("q", 0).pipe("c").lock("l").in_manager("m");
        let kinds: Vec<_> = program.objects.iter().map(|object| object.kind.name()).collect();
        assert_eq!(kinds, ["manager", "managed_queue", "pipe", "managed_lock"]);
    }
}
