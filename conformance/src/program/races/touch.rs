//! Which part of which object's state a line reads or changes: one table, by the call.

use procession_contract::{Call, Datum, ObjectKind, Outcome};

use super::answer::{Answer, written};
use super::how::{How, Part, Patience, Touch};
use super::names::{Names, Thing};
use crate::program::{Expect, Line, Program};

/// Where a line's touches are collected.
struct Table<'a> {
    touches: Vec<Touch>,
    names: &'a Names<'a>,
    line: &'a Line,
}

impl Table<'_> {
    fn add(&mut self, cell: String, how: How) {
        self.touches.push(Touch { cell, part: Part::All, how, opened: None });
    }

    fn add_part(&mut self, cell: String, part: Part, how: How) {
        self.touches.push(Touch { cell, part, how, opened: None });
    }

    /// The data of a value, an array, a record, a list or a block, by the name of the handle.
    fn data(&mut self, part: Part, how: How) {
        let on = &self.line.step.on;
        let (cell, opened) = match self.names.thing(on) {
            Some(Thing::Block { block, opened }) => (format!("data of block {block}"), Some(*opened)),
            Some(Thing::Object { id, .. }) => (format!("data of {id}"), None),
            _ => return,
        };
        self.touches.push(Touch { cell, part, how, opened });
    }

    /// The lock that an access to a value takes by itself.
    fn passes_its_lock(&mut self) {
        let shared = matches!(
            self.names.kind(&self.line.step.on),
            Some(ObjectKind::Value { .. } | ObjectKind::Array { .. } | ObjectKind::Record { .. })
        );
        if let Some(lock) = self.names.lock(&self.line.step.on).filter(|_| shared) {
            self.add(lock, How::Passes);
        }
    }

    /// What a wait on a condition does to its lock.
    fn regains(&mut self, timeout_ms: Option<i64>) {
        if let Some(lock) = self.names.lock(&self.line.step.on) {
            self.add(lock, How::Regains(timeout_ms.is_some_and(|ms| (1..1_000).contains(&ms))));
        }
    }

    fn name_of_block(&mut self, block: &str, how: How) {
        self.add(format!("name {block}"), how);
    }
}

/// Everything that a line reads or changes beside its worker's own memory.
pub fn touches(program: &Program, names: &Names<'_>, line: &Line) -> Vec<Touch> {
    let mut table = Table { touches: Vec::new(), names, line };
    let t = &mut table;
    let on = line.step.on.as_str();
    let queue = |what: &str| match names.thing(on) {
        Some(Thing::Object { id, .. }) => format!("{what} of {id}"),
        _ => format!("{what} of nothing"),
    };
    let bounded = matches!(
        names.kind(on),
        Some(ObjectKind::Queue { maxsize } | ObjectKind::JoinableQueue { maxsize }) if *maxsize > 0
    );
    let joinable = matches!(names.kind(on), Some(ObjectKind::JoinableQueue { .. }));
    if let Some(server) = names.server(on)
        && !matches!(line.step.call, Call::Shutdown | Call::KillServer | Call::Start | Call::Serve)
    {
        t.add(server, How::Needs);
    }
    match &line.step.call {
        // Queues.
        Call::Put { item, block, timeout_ms, .. } => {
            t.add(queue("items"), How::Gives(vec![item.id]));
            puts(t, Patience::of(*block, *timeout_ms), bounded, joinable);
        }
        Call::PutNowait { item } => {
            t.add(queue("items"), How::Gives(vec![item.id]));
            puts(t, Patience::Short, bounded, joinable);
        }
        Call::PutMany { items, timeout_ms } => {
            t.add(queue("items"), How::Gives(items.iter().map(|item| item.id).collect()));
            puts(t, Patience::of(true, *timeout_ms), bounded, joinable);
        }
        Call::Get { block, timeout_ms } => gets(t, Patience::of(*block, *timeout_ms), bounded),
        Call::GetNowait => gets(t, Patience::Short, bounded),
        Call::GetMany { timeout_ms, .. } => gets(t, Patience::of(true, *timeout_ms), bounded),
        Call::Qsize | Call::Empty | Call::Full => t.add(queue("items"), How::Sees),
        Call::TaskDone => t.add(queue("tasks"), How::Gives(Vec::new())),
        Call::JoinTasks { timeout_ms } => {
            t.add(queue("tasks"), How::Takes(Patience::of(true, *timeout_ms)));
        }
        // What this process alone has to do with a queue.
        Call::JoinThread | Call::CancelJoinThread => {}

        // Connections and OS pipes: what is on the way to an end.
        Call::Send { item } => sends(t, vec![item.id]),
        Call::SendBytes { item, offset: None, size: None, .. } => sends(t, vec![item.id]),
        Call::Write { item } => sends(t, vec![item.id]),
        Call::SendBytes { .. }
        | Call::WriteRaw { .. }
        | Call::SendConnection { .. }
        | Call::SendDescriptor { .. } => sends(t, Vec::new()),
        Call::Recv
        | Call::RecvBytes { .. }
        | Call::RecvBytesInto { .. }
        | Call::RecvConnection { .. }
        | Call::RecvDescriptor { .. }
        | Call::ReadRaw { .. }
        | Call::Read { .. } => {
            if let Some(cell) = names.towards(on) {
                t.add(cell, How::Takes(Patience::Unlimited));
            }
        }
        Call::Hand { .. } => match names.kind(on) {
            Some(_) => t.add(queue("items"), How::Gives(Vec::new())),
            None => sends(t, Vec::new()),
        },
        Call::TakeOver { .. } => match names.kind(on) {
            Some(_) => t.add(queue("items"), How::Takes(Patience::Unlimited)),
            None => {
                if let Some(cell) = names.towards(on) {
                    t.add(cell, How::Takes(Patience::Unlimited));
                }
            }
        },
        Call::Poll { timeout_ms, forever } => {
            if let Some(cell) = names.towards(on) {
                let patience = if *forever {
                    Patience::Unlimited
                } else {
                    Patience::of(timeout_ms.is_some(), *timeout_ms)
                };
                let ready = Answer::of(line).number().map(|value| value != 0);
                t.add(cell, How::Awaits { patience, ready, alone: true });
            }
        }
        Call::Wait { objects, timeout_ms } => {
            let patience = Patience::of(true, *timeout_ms);
            let mask = Answer::of(line).number();
            for (index, object) in objects.iter().enumerate() {
                let name = object.strip_prefix("fd:").unwrap_or(object);
                let cell = match name.strip_suffix(".sentinel") {
                    Some(worker) => Some(process(worker)),
                    None => names.towards(name),
                };
                let ready = mask.map(|mask| mask >> index & 1 == 1);
                let alone = mask.is_none_or(|mask| mask.count_ones() <= 1);
                if let Some(cell) = cell {
                    t.add(cell, How::Awaits { patience, ready, alone });
                }
            }
        }
        // Answered by this process's own handle.
        Call::SendNonBytes
        | Call::Fileno
        | Call::Inheritable
        | Call::IsClosed
        | Call::Readable
        | Call::Writable
        | Call::WrapDescriptor { .. } => {}

        // Locks and their kin.
        Call::Acquire { block, timeout_ms } => {
            if let Some(lock) = names.lock(on) {
                t.add(lock, How::Takes(Patience::of(*block, *timeout_ms)));
            }
        }
        Call::Release { .. } => {
            if let Some(lock) = names.lock(on) {
                t.add(lock, How::Gives(Vec::new()));
            }
        }
        Call::Scope { .. } => {
            if let Some(lock) = names.lock(on) {
                t.add(lock, How::Passes);
            }
        }
        Call::Permits => {
            if let Some(lock) = names.lock(on) {
                t.add(lock, How::Sees);
            }
        }
        Call::Await { timeout_ms } => match names.kind(on) {
            Some(ObjectKind::Event) => {
                t.add(queue("flag"), How::AwaitsFlag(Patience::of(true, *timeout_ms)));
            }
            Some(ObjectKind::Barrier { .. }) => {
                t.add(queue("barrier"), How::Meets);
                t.add(queue("parties"), How::Meets);
            }
            Some(ObjectKind::Condition { .. }) => {
                t.add(queue("waiters"), How::AwaitsNotice);
                t.regains(*timeout_ms);
            }
            _ => {}
        },
        Call::AwaitWord { index, timeout_ms, .. } => {
            let patience = Patience::of(true, *timeout_ms);
            t.add(word(*index), How::Awaits { patience, ready: None, alone: true });
            t.regains(*timeout_ms);
        }
        Call::Notify { .. } | Call::NotifyAll => t.add(queue("waiters"), How::Notifies),
        Call::Set => t.add(queue("flag"), How::Raises(true)),
        Call::Clear => t.add(queue("flag"), How::Raises(false)),
        Call::IsSet => t.add(queue("flag"), How::Sees),
        Call::Abort | Call::Reset => {
            t.add(queue("barrier"), How::Writes(None));
            t.add(queue("parties"), How::Writes(None));
        }
        Call::Parties => {}
        Call::Waiting => t.add(queue("parties"), How::Sees),
        Call::Broken => t.add(queue("barrier"), How::Sees),

        // Shared values.
        Call::Load { at, field } => {
            t.data(element(*at, field.as_deref()), How::Sees);
            t.passes_its_lock();
        }
        Call::Store { at, field, to } => {
            t.data(element(*at, field.as_deref()), How::Writes(written(to)));
            t.passes_its_lock();
        }
        Call::Add { at, field, .. } => {
            if let Some((cell, part)) = entry(names, on, field.as_deref()) {
                t.add_part(cell.clone(), part.clone(), How::Adds);
                t.add_part(cell, part, How::Sees);
            } else {
                t.data(element(*at, field.as_deref()), How::Adds);
                t.data(element(*at, field.as_deref()), How::Sees);
                t.passes_its_lock();
            }
        }
        Call::LoadSlice { from, to, step } => {
            t.data(slice(*from, *to, *step), How::Sees);
            t.passes_its_lock();
        }
        Call::StoreSlice { from, to, step, .. } => {
            t.data(slice(*from, *to, *step), How::Writes(None));
            t.passes_its_lock();
        }
        Call::Count { .. } | Call::Index { .. } | Call::Format => t.data(Part::All, How::Sees),
        Call::Copy { .. } => t.data(Part::All, How::Sees),
        Call::Length | Call::GetLock { .. } | Call::GetObject { .. } | Call::Synchronise { .. } => {}

        // Named blocks.
        Call::OpenBlock { block: Some(block), create, .. } => match create {
            true => opens(t, block),
            false => t.name_of_block(block, How::Needs),
        },
        Call::OpenList { block: Some(block), values, copy, .. } => match values.is_some() || copy.is_some() {
            true => opens(t, block),
            false => t.name_of_block(block, How::Needs),
        },
        Call::OpenBlock { block: None, .. } | Call::OpenList { block: None, .. } => {}
        Call::ReadBlock { at, len } => t.data(span(*at, *len), How::Sees),
        Call::WriteBlock { at, item, .. } => t.data(span(*at, i64::from(item.len)), How::Writes(None)),
        Call::Unlink => {
            if let Some(Thing::Block { block, .. }) = names.thing(on) {
                let block = block.clone();
                t.name_of_block(&block, How::Writes(None));
            }
        }
        Call::BlockMode { block } => t.name_of_block(block, How::Sees),

        // Managers and what they hold.
        Call::Shutdown | Call::KillServer | Call::Serve => {
            if let Some(server) = names.server(on) {
                t.add(server, How::Writes(None));
            }
        }
        Call::Invoke { method, args, .. } => {
            if let Some((cell, part, how)) = method_of(names, on, method, args) {
                if how == How::Adds {
                    t.add_part(cell.clone(), part.clone(), How::Sees);
                }
                t.add_part(cell, part, how);
            }
        }
        Call::Iterate { meanwhile } => {
            if let Some(cell) = names.held(on) {
                t.add(cell.clone(), How::Sees);
                if meanwhile.is_some() {
                    t.add(cell, How::Writes(None));
                }
            }
        }
        Call::GetValue { .. } | Call::Display => {
            if let Some(cell) = names.held(on) {
                t.add(cell, How::Sees);
            }
        }
        Call::Equals { other } => {
            for cell in [names.held(on), names.held(other)].into_iter().flatten() {
                t.add(cell, How::Sees);
            }
        }
        Call::NumberOfObjects => {
            if let Some(server) = names.server(on) {
                t.add(format!("objects in {server}"), How::Sees);
            }
        }
        Call::ConnectManager { to, .. } => {
            if let Some(server) = names.server_at(to) {
                t.add(server, How::Needs);
            }
        }
        Call::Connect { to, .. } => {
            if let Some(listener) = names.listener_at(to) {
                t.add(format!("door of {listener}"), How::Needs);
                t.add(format!("callers of {listener}"), How::Gives(Vec::new()));
            }
        }
        Call::Accept { .. } => {
            if let Some(listener) = names.listener(on) {
                t.add(format!("callers of {listener}"), How::Takes(Patience::Unlimited));
            }
        }
        Call::Close => {
            if let Some(listener) = names.listener(on) {
                t.add(format!("door of {listener}"), How::Writes(None));
            }
        }
        Call::Create { object } => {
            if let ObjectKind::Managed { manager, .. } = &object.kind
                && let Some(server) = names.server(manager)
            {
                t.add(server.clone(), How::Needs);
                t.add(format!("objects in {server}"), How::Adds);
            }
            if let ObjectKind::Listener { .. } = &object.kind
                && let Some(listener) = names.listener(&object.name)
            {
                t.add(format!("door of {listener}"), How::Writes(None));
            }
        }
        Call::Forget => {
            if let Some(server) = names.server(on) {
                t.add(format!("objects in {server}"), How::Adds);
            }
        }
        // Fixed from the creation on, or this worker's own.
        Call::Address | Call::DirectoryMode | Call::Keep { .. } | Call::LastAccepted | Call::Serialise => {}

        // Processes.
        Call::Start if names.is_manager(on) => {
            if let Some(server) = names.server(on) {
                t.add(server, How::Writes(None));
            }
        }
        Call::Start | Call::Terminate | Call::Kill => {
            if let Some(worker) = names.worker(on) {
                t.add(process(&worker), How::Writes(None));
            }
        }
        // Who may not ask is told so in any case.
        Call::IsAlive | Call::Exitcode | Call::IsListed | Call::ProcState => {
            let may_ask = line.expect != Some(Expect::Outcome(Outcome::NotOwner));
            if let Some(worker) = names.worker(on).filter(|_| may_ask) {
                t.add(process(&worker), How::Sees);
            }
        }
        Call::Repr => match names.worker(on) {
            Some(worker) => t.add(process(&worker), How::Sees),
            None => {
                if let Some(cell) = names.held(on) {
                    t.add(cell, How::Sees);
                }
            }
        },
        Call::ActiveChildren => {
            for role in &program.roles {
                if role.worker.parent.as_deref() == Some(names.me()) {
                    t.add(process(&role.worker.name), How::Sees);
                }
            }
        }
        // Waits for the end of a process without saying whether it came, or tells what stays.
        Call::Join { .. }
        | Call::Pid
        | Call::Sentinel
        | Call::Name
        | Call::SetName { .. }
        | Call::Daemon
        | Call::SetDaemon { .. }
        | Call::Authkey
        | Call::SetAuthkey { .. } => {}

        // The library in this process, and the process's own affairs.
        Call::StartMethods
        | Call::StartMethod { .. }
        | Call::SetStartMethod { .. }
        | Call::Context { .. }
        | Call::SetContextMethod { .. }
        | Call::CpuCount
        | Call::KillForkserver
        | Call::DieBefore { .. }
        | Call::Pipeline { .. }
        | Call::Sleep { .. }
        | Call::Burn { .. }
        | Call::Exit { .. }
        | Call::Raise
        | Call::Getpid
        | Call::Getppid
        | Call::CloseStdout
        | Call::ReadStdin
        | Call::AtExitSend { .. } => {}
        Call::Print { .. } => t.add("standard output".into(), How::Writes(None)),
        Call::SignalSelf { .. } => t.add(names.own("signals"), How::Adds),
        Call::OnSignal { .. } => t.add(names.own("signals"), How::Writes(None)),
        Call::SignalsCounted => t.add(names.own("signals"), How::Sees),
        Call::CountDescriptors | Call::DescriptorOpen { .. } => t.add(names.own("descriptors"), How::Sees),
        Call::OpenDescriptor { .. } => t.add(names.own("descriptors"), How::Writes(None)),
        Call::GlobalWrite { value } => t.add(names.own("global"), How::Writes(written(value))),
        Call::GlobalRead => t.add(names.own("global"), How::Sees),
        Call::MutexLock { timeout_ms } => {
            t.add(names.own("lock of process"), How::Takes(Patience::of(true, *timeout_ms)));
        }
        Call::MutexUnlock => t.add(names.own("lock of process"), How::Gives(Vec::new())),
        Call::WordSwap { index, value } => {
            t.add(word(*index), How::Sees);
            t.add(word(*index), How::Writes(written(value)));
        }
        Call::WordAdd { index, .. } => {
            t.add(word(*index), How::Sees);
            t.add(word(*index), How::Adds);
        }
        Call::WordRead { index } => t.add(word(*index), How::Sees),
    }
    table.touches
}

/// The state of a worker's process.
pub fn process(worker: &str) -> String {
    format!("process {worker}")
}

fn word(index: u32) -> String {
    format!("word {index}")
}

fn puts(t: &mut Table<'_>, patience: Patience, bounded: bool, joinable: bool) {
    let Some(Thing::Object { id, .. }) = t.names.thing(&t.line.step.on) else { return };
    let id = id.clone();
    if bounded {
        t.add(format!("room of {id}"), How::Takes(patience));
    }
    if joinable {
        t.add(format!("tasks of {id}"), How::Writes(None));
    }
}

fn gets(t: &mut Table<'_>, patience: Patience, bounded: bool) {
    let Some(Thing::Object { id, .. }) = t.names.thing(&t.line.step.on) else { return };
    let id = id.clone();
    t.add(format!("items of {id}"), How::Takes(patience));
    if bounded {
        t.add(format!("room of {id}"), How::Gives(Vec::new()));
    }
}

fn sends(t: &mut Table<'_>, ids: Vec<u32>) {
    if let Some(cell) = t.names.from(&t.line.step.on) {
        t.add(cell, How::Gives(ids));
    }
}

fn opens(t: &mut Table<'_>, block: &str) {
    t.name_of_block(block, How::Needs);
    t.name_of_block(block, How::Writes(None));
}

fn span(at: i64, len: i64) -> Part {
    if at < 0 || len < 0 { Part::All } else { Part::Span(at, at.saturating_add(len)) }
}

fn element(at: Option<i64>, field: Option<&str>) -> Part {
    match (at, field) {
        (Some(at), None) => span(at, 1),
        (_, Some("value" | "raw")) | (None, None) => Part::All,
        (at, Some(field)) => Part::Named(format!("{at:?} {field}")),
    }
}

fn slice(from: Option<i64>, to: Option<i64>, step: Option<i64>) -> Part {
    match (from.unwrap_or(0), to.unwrap_or(i64::MAX), step) {
        (from, to, None) if from >= 0 && to >= 0 => Part::Span(from, to),
        _ => Part::All,
    }
}

/// The entry of a managed dictionary or namespace to which a field's name belongs.
fn entry(names: &Names<'_>, on: &str, field: Option<&str>) -> Option<(String, Part)> {
    let cell = names.held(on)?;
    Some((cell, field.map_or(Part::All, |field| Part::Named(format!("{:?}", Datum::from(field))))))
}

/// What a method of a managed object has to do with what it holds.
fn method_of(names: &Names<'_>, on: &str, method: &str, args: &[Datum]) -> Option<(String, Part, How)> {
    let cell = names.held(on)?;
    let keyed = matches!(names.kind(on), Some(ObjectKind::Dict { .. } | ObjectKind::Namespace { .. }));
    let part = match args.first() {
        Some(key @ Datum::Scalar(_)) if keyed => Part::Named(format!("{key:?}")),
        _ => Part::All,
    };
    let how = match method {
        "__getitem__" | "__getattribute__" if keyed => How::Needs,
        "__getitem__" | "__getattribute__" | "__len__" | "__contains__" | "__str__" | "__iter__" | "get"
        | "keys" | "values" | "items" | "index" | "count" | "copy" | "__add__" | "__mul__" | "__rmul__"
        | "__or__" | "__ror__" | "__reversed__" | "__eq__" | "__lt__" | "has_key" | "qsize" | "empty"
        | "is_set" | "twin" | "plain" => How::Sees,
        "pid" | "pause" | "fail" | "interrupt" | "unserialisable" | "_secret" => return None,
        "add" | "append" | "extend" | "pop" | "setdefault" => How::Adds,
        "__setitem__" | "__setattr__" => How::Writes(args.get(1).map(|value| format!("{value:?}"))),
        // Whatever is not known to leave it as it is.
        _ => How::Writes(None),
    };
    Some((cell, part, how))
}
