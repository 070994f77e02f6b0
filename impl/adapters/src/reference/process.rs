//! Processes of the reference, and the arguments with which they are started.

use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use procession_contract::{
    Answer, Body, Call, Ending, Item, Method, Object, Objects, Outcome, Processes, Ticket, Value, Worker,
};
use procession_reference::connection::Connection;
use procession_reference::context::{self, Context};
use procession_reference::exit;
use procession_reference::os_pipe::{PipeReader, PipeWriter};
use procession_reference::process::{Process, active_children};
use procession_reference::transfer::Descriptor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::barrier::BarrierHandle;
use super::block::BlockHandle;
use super::condition::ConditionHandle;
use super::connection::{ConnectionHandle, Nothing};
use super::event::EventHandle;
use super::list::ListHandle;
use super::listener::ListenerHandle;
use super::lock::LockHandle;
use super::managed::ManagedHandle;
use super::manager::{ManagerHandle, Plan};
use super::os_pipe::Handle;
use super::parcel::Parcel;
use super::plain::PlainHandle;
use super::queue::QueueHandle;
use super::record::RecordHandle;
use super::semaphore::SemaphoreHandle;
use super::value::ValueHandle;
use super::{number, outcome};

/// The constructor of processes whose body is `B`.
pub(super) struct Constructor<B>(PhantomData<fn() -> B>);

impl<B> Constructor<B> {
    pub(super) const fn new() -> Constructor<B> {
        Constructor(PhantomData)
    }
}

impl<B: Body> Processes for Constructor<B> {
    fn construct(
        &self,
        worker: &Worker,
        method: Method,
        ticket: Ticket,
        gets: Objects,
    ) -> Result<Box<dyn Object>, Answer> {
        let context = Context::from(method_of(method)?);
        let process = if worker.bodiless {
            Process::empty().with_method(context.start_method())
        } else {
            // What its creator has and did not name is left with it if it cannot travel.
            let named = |name: &String| worker.gets.as_ref().is_some_and(|gets| gets.contains(name));
            let gets = gets.into_iter().filter_map(|(name, mut object)| {
                let stays = object.as_any().is::<ListenerHandle>() && !named(&name);
                (!stays).then(|| Ok((name, Travelling::of(object)?)))
            });
            let besides = worker.unserialisable_argument.then_some(Value::Unencodable);
            let gets = gets.collect::<Result<_, Answer>>()?;
            context.process(body::<B>, Arguments { ticket, gets, besides })
        };
        if let Some(name) = &worker.process_name {
            process.set_name(name);
        }
        let process = match worker.daemon {
            Some(daemon) => process.with_daemon(daemon),
            None => process,
        };
        Ok(Box::new(ProcessHandle(process)))
    }
}

pub(super) fn method_of(method: Method) -> Result<context::Method, Answer> {
    match method {
        Method::Spawn => Ok(context::Method::Spawn),
        Method::Fork => Ok(context::Method::Fork),
        Method::Forkserver => Ok(context::Method::ForkServer),
        Method::Thread => Err(Answer::error(Outcome::BadValue, "there is no start method `thread`")),
    }
}

/// The arguments of a worker's process.
#[derive(Serialize, Deserialize)]
struct Arguments {
    ticket: Ticket,
    gets: BTreeMap<String, Travelling>,
    besides: Option<Value>,
}

/// The function that a worker's process runs.
fn body<B: Body>(arguments: Arguments) -> Result<(), String> {
    let gets = arguments.gets.into_iter();
    let objects = gets.map(|(name, travelling)| (name, travelling.arrived::<B>())).collect();
    match B::work(arguments.ticket, objects) {
        Ending::Return => Ok(()),
        Ending::Code(code) => exit::exit(code),
        Ending::Text(text) => exit::exit(text),
        Ending::Raise(error) => Err(error),
    }
}

/// A handle on its way to a new process.
#[derive(Serialize, Deserialize)]
enum Travelling {
    Connection(SharedConnection),
    Reader(Descriptor),
    Writer(Descriptor),
    Queue(QueueHandle),
    Lock(LockHandle),
    Semaphore(SemaphoreHandle),
    Event(EventHandle),
    Condition(ConditionHandle),
    Barrier(BarrierHandle),
    Value(ValueHandle),
    Record(RecordHandle),
    Block(BlockHandle),
    List(ListHandle),
    Managed(ManagedHandle),
    Manager(Plan),
    Plain(Parcel),
    Process(OnlyCopied),
}

impl Travelling {
    fn of(mut object: Box<dyn Object>) -> Result<Travelling, Answer> {
        let any = object.as_any();
        if let Some(connection) = any.downcast_ref::<ConnectionHandle>() {
            return Ok(Travelling::Connection(SharedConnection(connection.0.clone())));
        }
        let duplicate = |fd| number::duplicate(fd).map(Descriptor::from).map_err(outcome::os);
        if let Some(reader) = any.downcast_ref::<Handle<PipeReader>>() {
            let fd = reader.0.fileno().map_err(outcome::poll)?;
            return duplicate(fd).map(Travelling::Reader);
        }
        if let Some(writer) = any.downcast_ref::<Handle<PipeWriter>>() {
            let fd = writer.0.fileno().map_err(outcome::poll)?;
            return duplicate(fd).map(Travelling::Writer);
        }
        macro_rules! as_it_is {
            ($($handle:ty => $variant:ident),* $(,)?) => {
                $(if let Some(handle) = any.downcast_ref::<$handle>() {
                    return Ok(Travelling::$variant(handle.clone()));
                })*
            };
        }
        as_it_is! {
            QueueHandle => Queue,
            LockHandle => Lock,
            SemaphoreHandle => Semaphore,
            EventHandle => Event,
            ConditionHandle => Condition,
            BarrierHandle => Barrier,
            ValueHandle => Value,
            RecordHandle => Record,
            BlockHandle => Block,
            ListHandle => List,
            ManagedHandle => Managed,
        }
        if let Some(PlainHandle(thing)) = any.downcast_ref::<PlainHandle>() {
            return Parcel::of_thing(thing).map(Travelling::Plain);
        }
        if let Some(manager) = any.downcast_ref::<ManagerHandle>() {
            return Ok(Travelling::Manager(manager.plan()));
        }
        if any.is::<ProcessHandle>() {
            return Ok(Travelling::Process(OnlyCopied(object)));
        }
        Err(Answer::error(Outcome::BadType, "an object of this kind cannot be given"))
    }

    fn arrived<B: Body>(self) -> Box<dyn Object> {
        match self {
            Travelling::Connection(connection) => Box::new(ConnectionHandle(connection.0)),
            Travelling::Reader(fd) => Box::new(Handle::new(PipeReader::from(fd.into_inner()))),
            Travelling::Writer(fd) => Box::new(Handle::new(PipeWriter::from(fd.into_inner()))),
            Travelling::Queue(queue) => Box::new(queue),
            Travelling::Lock(lock) => Box::new(lock),
            Travelling::Semaphore(semaphore) => Box::new(semaphore),
            Travelling::Event(event) => Box::new(event),
            Travelling::Condition(condition) => Box::new(condition),
            Travelling::Barrier(barrier) => Box::new(barrier),
            Travelling::Value(value) => Box::new(value),
            Travelling::Record(record) => Box::new(record),
            Travelling::Block(block) => Box::new(block),
            Travelling::List(list) => Box::new(list),
            Travelling::Managed(managed) => Box::new(managed.claimed()),
            Travelling::Manager(plan) => match ManagerHandle::planned::<B>(plan) {
                Ok(manager) => Box::new(manager),
                Err(answer) => Box::new(Nothing(answer)),
            },
            Travelling::Plain(parcel) => match parcel.thing() {
                Ok(thing) => Box::new(PlainHandle(thing)),
                Err(answer) => Box::new(Nothing(answer)),
            },
            Travelling::Process(process) => process.0,
        }
    }
}

/// A connection that its creator may go on using, which travels as the connection itself does.
struct SharedConnection(Arc<Connection>);

impl Serialize for SharedConnection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedConnection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SharedConnection, D::Error> {
        Connection::deserialize(deserializer).map(|connection| SharedConnection(Arc::new(connection)))
    }
}

/// A process object, which only a copy of its creator's memory has.
struct OnlyCopied(Box<dyn Object>);

const NO_JOURNEY: &str = "a process object does not travel to another process";

impl Serialize for OnlyCopied {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(NO_JOURNEY))
    }
}

impl<'de> Deserialize<'de> for OnlyCopied {
    fn deserialize<D: Deserializer<'de>>(_deserializer: D) -> Result<OnlyCopied, D::Error> {
        Err(serde::de::Error::custom(NO_JOURNEY))
    }
}

/// A process object.
#[derive(Clone)]
pub(super) struct ProcessHandle(pub(super) Process);

impl Object for ProcessHandle {
    fn call(&mut self, call: &Call) -> Answer {
        answer(&self.0, call)
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Answers a call on a process object.
pub(super) fn answer(process: &Process, call: &Call) -> Answer {
    let done = |()| Answer::ok();
    match call {
        Call::Start => process.start().map_or_else(outcome::start, done),
        Call::Join { timeout_ms: None } => process.join().map_or_else(outcome::join, done),
        Call::Join { timeout_ms: Some(ms) } => match process.join_timeout_ms(*ms) {
            Ok(true) => Answer::ok(),
            Ok(false) => Answer::of(Outcome::Timeout),
            Err(error) => outcome::join(error),
        },
        Call::IsAlive => process.is_alive().map_or_else(outcome::query, Answer::truth),
        Call::Pid => process.pid().map_or_else(outcome::query, present),
        Call::Exitcode => process.exitcode().map_or_else(outcome::query, present),
        Call::Terminate => process.terminate().map_or_else(outcome::signal, done),
        Call::Kill => process.kill().map_or_else(outcome::signal, done),
        Call::Sentinel => match process.sentinel() {
            Ok(sentinel) => Answer::number(sentinel.as_raw_fd()),
            Err(error) => outcome::sentinel(error),
        },
        Call::Name => Answer::text(process.name()),
        Call::SetName { name: Some(name) } => {
            process.set_name(name);
            Answer::ok()
        }
        Call::SetName { name: None } => Answer::error(Outcome::BadType, "the compiler demands a text"),
        Call::Daemon => Answer::truth(process.daemon()),
        Call::SetDaemon { on } => process.set_daemon(*on).map_or_else(outcome::set_daemon, done),
        Call::IsListed => Answer::truth(is_listed(process)),
        Call::Repr => Answer::text(process.to_string()),
        Call::Authkey => authkey(process),
        Call::SetAuthkey { item } => set_authkey(process, item),
        Call::StartMethod { .. } => {
            Answer::text(process.method().unwrap_or_else(context::start_method).name())
        }
        Call::Close => process.close().map_or_else(outcome::close, done),
        _ => Answer::of(Outcome::Unsupported),
    }
}

fn present(value: Option<i32>) -> Answer {
    value.map_or(Outcome::Absent.into(), Answer::number)
}

fn is_listed(process: &Process) -> bool {
    // Asked of the list first: a process that has ended is collected by that.
    let children = active_children();
    match process.pid() {
        Ok(Some(pid)) => children.iter().any(|child| matches!(child.pid(), Ok(Some(of)) if of == pid)),
        _ => false,
    }
}

fn authkey(process: &Process) -> Answer {
    let key = process.authkey();
    let aux = Value::fingerprint_of_bytes(key.as_bytes());
    Answer { value: key.as_bytes().len() as i64, aux, ..Answer::ok() }
}

fn set_authkey(process: &Process, item: &Item) -> Answer {
    process.set_authkey(item.raw_bytes());
    Answer::ok()
}
