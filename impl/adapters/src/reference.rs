//! `reference`: the reference crate behind the contract, by nothing but its public interface.
//!
//! What a program in Python learns at run time and one in Rust from the compiler (a name that is no
//! text, a buffer that is no bytes or is read-only) is answered `bad_type` without a call.

mod barrier;
mod block;
mod condition;
mod connection;
mod context;
mod descriptor;
mod element;
mod endpoint;
mod event;
mod known;
mod library;
mod list;
mod listener;
mod lock;
mod managed;
mod manager;
mod number;
mod os_pipe;
mod outcome;
mod parcel;
mod place;
mod plain;
mod process;
mod queue;
mod raised;
mod record;
mod registered;
mod semaphore;
mod thing;
mod value;

use std::marker::PhantomData;

use procession_contract::{
    Answer, Body, Call, Implementation, Manifest, Method, ObjectKind, ObjectSpec, Objects, Outcome,
    Processes, QueueLevel,
};
use procession_reference::connection::{pipe, stream_pipe};
use procession_reference::os_pipe::os_pipe;

use barrier::BarrierHandle;
use condition::ConditionHandle;
use connection::ConnectionHandle;
use event::EventHandle;
use listener::ListenerHandle;
use lock::LockHandle;
use manager::ManagerHandle;
use os_pipe::Handle;
use process::Constructor;
use queue::QueueHandle;
use record::RecordHandle;
use semaphore::SemaphoreHandle;
use value::ValueHandle;

pub use manager::serve as serve_manager;

/// The implementation, whose workers run `B`.
pub fn implementation<B: Body>() -> &'static dyn Implementation {
    &Reference::<B>(PhantomData)
}

struct Reference<B>(PhantomData<fn() -> B>);

const OBJECTS: &[&str] = &[
    "queue",
    "simple_queue",
    "joinable_queue",
    "pipe",
    "stream_pipe",
    "os_pipe",
    "lock",
    "rlock",
    "semaphore",
    "bounded_semaphore",
    "event",
    "condition",
    "barrier",
    "value",
    "array",
    "record",
    "manager",
    "managed_queue",
    "managed_joinable_queue",
    "managed_lock",
    "managed_rlock",
    "managed_semaphore",
    "managed_bounded_semaphore",
    "managed_condition",
    "managed_event",
    "managed_barrier",
    "managed_value",
    "managed_array",
    "managed_list",
    "managed_dict",
    "managed_namespace",
    "managed_registered",
    "listener",
];

const CALLS: &[&str] = &[
    // Queues.
    "put",
    "put_nowait",
    "put_many",
    "get",
    "get_nowait",
    "get_many",
    "qsize",
    "empty",
    "full",
    "join_thread",
    "cancel_join_thread",
    "task_done",
    "join_tasks",
    // Connections.
    "send",
    "recv",
    "send_bytes",
    "send_non_bytes",
    "recv_bytes",
    "recv_bytes_into",
    "poll",
    "fileno",
    "inheritable",
    "is_closed",
    "readable",
    "writable",
    "write_raw",
    "send_connection",
    "recv_connection",
    "scope",
    "wrap_descriptor",
    "wait",
    // Locks, semaphores and events.
    "acquire",
    "release",
    "permits",
    "await",
    "set",
    "clear",
    "is_set",
    // Conditions and barriers.
    "await_word",
    "notify",
    "notify_all",
    "abort",
    "reset",
    "parties",
    "waiting",
    "broken",
    // Shared values, arrays, records and blocks.
    "load",
    "store",
    "add",
    "load_slice",
    "store_slice",
    "length",
    "get_lock",
    "get_object",
    "copy",
    "synchronise",
    "open_block",
    "read_block",
    "write_block",
    "unlink",
    "open_list",
    "count",
    "index",
    "format",
    // Any object.
    "create",
    "close",
    "forget",
    "serialise",
    // OS pipes and pipelines.
    "write",
    "read",
    "pipeline",
    // Processes.
    "start",
    "join",
    "is_alive",
    "pid",
    "exitcode",
    "terminate",
    "kill",
    "sentinel",
    "name",
    "set_name",
    "daemon",
    "set_daemon",
    "is_listed",
    "repr",
    "authkey",
    "set_authkey",
    "proc_state",
    // The library.
    "active_children",
    "start_methods",
    "start_method",
    "set_start_method",
    "context",
    "set_context_method",
    "cpu_count",
    "kill_forkserver",
    "at_exit_send",
    // Managers.
    "shutdown",
    "kill_server",
    "number_of_objects",
    "serve",
    "connect_manager",
    // Managed objects and plain values.
    "invoke",
    "keep",
    "get_value",
    "equals",
    "iterate",
    "display",
    "hand",
    "take_over",
    // Listeners.
    "accept",
    "last_accepted",
    "address",
    "directory_mode",
    "connect",
    "read_raw",
    "send_descriptor",
    "recv_descriptor",
    // What only a build with fault points has.
    #[cfg(feature = "fault")]
    "die_before",
];

impl<B: Body> Implementation for Reference<B> {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Manifest {
            name: "reference".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "rust".into(),
            methods: vec![Method::Spawn, Method::Fork, Method::Forkserver],
            objects: names(OBJECTS),
            calls: names(CALLS),
            claims: names(&["cpython_wire"]),
            queue_level: QueueLevel::LinearizableFifo,
            // How often a wait looks whether a process has died, which rings no bell.
            tick_ms: 20,
        }
    }

    fn create(&self, spec: &ObjectSpec, method: Method, existing: &mut Objects) -> Result<Objects, Answer> {
        let name = &spec.name;
        let mut objects = Objects::new();
        match &spec.kind {
            ObjectKind::Pipe { duplex } | ObjectKind::StreamPipe { duplex } => {
                let is_stream = matches!(spec.kind, ObjectKind::StreamPipe { .. });
                let ends = if is_stream { stream_pipe(*duplex) } else { pipe(*duplex) };
                let (first, second) = ends.map_err(outcome::os)?;
                objects.insert(format!("{name}.0"), Box::new(ConnectionHandle::new(first)));
                objects.insert(format!("{name}.1"), Box::new(ConnectionHandle::new(second)));
            }
            ObjectKind::OsPipe => {
                let (reader, writer) = os_pipe().map_err(outcome::os)?;
                objects.insert(format!("{name}.r"), Box::new(Handle::new(reader)));
                objects.insert(format!("{name}.w"), Box::new(Handle::new(writer)));
            }
            ObjectKind::Lock => {
                objects.insert(name.clone(), Box::new(LockHandle::plain()?));
            }
            ObjectKind::Rlock => {
                objects.insert(name.clone(), Box::new(LockHandle::recursive()?));
            }
            ObjectKind::Semaphore { value } => {
                objects.insert(name.clone(), Box::new(SemaphoreHandle::plain(value.as_ref())?));
            }
            ObjectKind::BoundedSemaphore { value } => {
                objects.insert(name.clone(), Box::new(SemaphoreHandle::bounded(value.as_ref())?));
            }
            ObjectKind::Event => {
                objects.insert(name.clone(), Box::new(EventHandle::create()?));
            }
            ObjectKind::Condition { lock } => {
                let condition = ConditionHandle::create(lock.as_deref(), existing)?;
                objects.insert(name.clone(), Box::new(condition));
            }
            ObjectKind::Barrier { parties, timeout_ms, action } => {
                let barrier = BarrierHandle::create(*parties, *timeout_ms, *action)?;
                objects.insert(name.clone(), Box::new(barrier));
            }
            ObjectKind::Value { code, initial, lock } => {
                let value = ValueHandle::value(code, initial.as_ref(), lock, existing)?;
                objects.insert(name.clone(), Box::new(value));
            }
            ObjectKind::Array { code, length, initial, lock } => {
                let array = ValueHandle::array(code, *length, initial.as_deref(), lock, existing)?;
                objects.insert(name.clone(), Box::new(array));
            }
            ObjectKind::Record { fields, length, initial, lock } => {
                let record = RecordHandle::create(fields, *length, initial, lock, existing)?;
                objects.insert(name.clone(), Box::new(record));
            }
            ObjectKind::Manager { at, key, initializer, idle } => {
                let manager = ManagerHandle::create::<B>(name, at, key, *initializer, *idle, method)?;
                objects.insert(name.clone(), Box::new(manager));
            }
            ObjectKind::Managed { manager, of } => {
                let managed = manager::create(manager, of, existing)?;
                objects.insert(name.clone(), Box::new(managed));
            }
            ObjectKind::Listener { at, key, backlog } => {
                let listener = ListenerHandle::create(name, at, key, *backlog)?;
                objects.insert(name.clone(), Box::new(listener));
            }
            kind => {
                let queue = QueueHandle::create(kind).unwrap_or(Err(Answer::of(Outcome::Unsupported)))?;
                objects.insert(name.clone(), Box::new(queue));
            }
        }
        Ok(objects)
    }

    fn call(&self, on: &str, call: &Call, objects: &mut Objects) -> Answer {
        match call {
            Call::Wait { objects: names, timeout_ms } => library::wait(names, *timeout_ms, objects),
            Call::Pipeline { stages, input } => library::pipeline(stages, input.as_deref()),
            Call::SendConnection { name } => connection::send_connection(on, name, objects),
            Call::RecvConnection { name } => connection::recv_connection(on, name, objects),
            Call::WrapDescriptor { fd, name, readable, writable } => {
                connection::wrap(*fd, name, *readable, *writable, objects)
            }
            Call::AtExitSend { connection, item } => connection::at_exit_send(connection, item, objects),
            Call::OpenBlock { name, block, create, size, track } => {
                block::open(name, block.as_deref(), *create, *size, *track, objects)
            }
            Call::OpenList { name, block, values, copy } => {
                list::open(name, block.as_deref(), values.as_deref(), copy.as_deref(), objects)
            }
            Call::GetLock { name }
            | Call::GetObject { name }
            | Call::Copy { name }
            | Call::Synchronise { name } => library::derive(on, call, name, objects),
            Call::Invoke { method, args, into } => known::invoke(on, method, args, into.as_deref(), objects),
            Call::Keep { name, value } => known::keep(name, value, objects),
            Call::GetValue { name, deep: _ } => known::get_value(on, name, objects),
            Call::Equals { other } => known::equals(on, other, objects),
            Call::Hand { name } => known::hand(on, name, objects),
            Call::TakeOver { name } => known::take_over(on, name, objects),
            Call::Accept { name } => listener::accept(on, name, objects),
            Call::SendDescriptor { of } => descriptor::send(on, of, objects),
            Call::RecvDescriptor { name } => descriptor::receive(on, name, objects),
            Call::ConnectManager { name, to, key } => manager::connect(name, to, key, objects),
            Call::Connect { name, to, key } => listener::connect(name, to, key, objects),
            call if on == "current" => context::current(call),
            call if on == "parent" => context::parent(call),
            call => context::library(call),
        }
    }

    fn processes(&self) -> Option<&dyn Processes> {
        Some(const { &Constructor::<B>::new() })
    }
}
