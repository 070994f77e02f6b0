//! Queues, joinable queues and simple queues.

use std::any::Any;
use std::fmt::Display;
use std::time::Duration;

use procession_contract::{Answer, Call, Item, Object, ObjectKind, Outcome, Value};
use procession_reference::transfer;
use procession_reference::{
    ClosedError, CreateError, GetError, JoinError, JoinableQueue, PutError, PutManyError, Queue,
    QueueOptions, SimpleQueue, TaskDoneError,
};
use serde::{Deserialize, Serialize};

use super::outcome;
use super::parcel::Parcel;
use super::thing::Thing;

/// A handle to a queue of one of the three kinds, which travels to a new process as it is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum QueueHandle {
    Plain(Queue<Parcel>),
    Joinable(JoinableQueue<Parcel>),
    Simple(SimpleQueue<Parcel>),
}

use QueueHandle::{Joinable, Plain, Simple};

/// What plain and joinable queues have in common, and simple ones do not have.
macro_rules! full_queue {
    ($handle:expr, $queue:ident => $answer:expr) => {
        match $handle {
            Plain($queue) => $answer,
            Joinable($queue) => $answer,
            Simple(_) => Answer::of(Outcome::Unsupported),
        }
    };
}

impl QueueHandle {
    /// A queue of this kind; `None` if it is none of the queues.
    pub(super) fn create(kind: &ObjectKind) -> Option<Result<QueueHandle, Answer>> {
        let created = match kind {
            ObjectKind::Queue { maxsize } => {
                let options = QueueOptions { maxsize: *maxsize, tells_end: true, ..QueueOptions::default() };
                Queue::with_options(options).map(Plain)
            }
            ObjectKind::JoinableQueue { maxsize } => JoinableQueue::bounded(*maxsize).map(Joinable),
            ObjectKind::SimpleQueue => SimpleQueue::new().map(Simple),
            _ => return None,
        };
        Some(created.map_err(|error| match error {
            CreateError::Os(error) => outcome::os(error),
            error => Answer::error(Outcome::BadValue, error),
        }))
    }

    fn put(&self, item: &Item, block: bool, timeout_ms: Option<i64>, then_clear: bool) -> Answer {
        let mut parcel = Parcel::of_item(item);
        let put = match (self, block, timeout_ms) {
            (Simple(queue), ..) => queue.put(&parcel),
            (Plain(queue), false, _) => queue.try_put(&parcel),
            (Plain(queue), true, None) => queue.put(&parcel),
            (Plain(queue), true, Some(ms)) => queue.put_timeout(&parcel, time(ms)),
            (Joinable(queue), false, _) => queue.try_put(&parcel),
            (Joinable(queue), true, None) => queue.put(&parcel),
            (Joinable(queue), true, Some(ms)) => queue.put_timeout(&parcel, time(ms)),
        };
        if let Parcel::Value(Value::List(elements)) = &mut parcel
            && then_clear
        {
            elements.clear();
        }
        put.map_or_else(put_error, |()| Answer::ok())
    }

    /// Puts something that a worker knows.
    pub(super) fn hand(&self, thing: &Thing) -> Answer {
        let put = Parcel::of_thing(thing).map(|parcel| match self {
            Plain(queue) => queue.put(&parcel),
            Joinable(queue) => queue.put(&parcel),
            Simple(queue) => queue.put(&parcel),
        });
        match put {
            Ok(put) => put.map_or_else(put_error, |()| Answer::ok()),
            Err(answer) => answer,
        }
    }

    /// Takes what a worker handed over.
    pub(super) fn take_over(&self) -> Result<Thing, Answer> {
        self.take(true, None).map_err(get_error)?.thing()
    }

    fn get(&self, block: bool, timeout_ms: Option<i64>) -> Answer {
        self.take(block, timeout_ms).map_or_else(get_error, |parcel| parcel.received())
    }

    fn take(&self, block: bool, timeout_ms: Option<i64>) -> Result<Parcel, GetError> {
        match (self, block, timeout_ms) {
            (Simple(queue), ..) => queue.get(),
            (Plain(queue), false, _) => queue.try_get(),
            (Plain(queue), true, None) => queue.get(),
            (Plain(queue), true, Some(ms)) => queue.get_timeout(time(ms)),
            (Joinable(queue), false, _) => queue.try_get(),
            (Joinable(queue), true, None) => queue.get(),
            (Joinable(queue), true, Some(ms)) => queue.get_timeout(time(ms)),
        }
    }

    fn put_many(&self, items: &[Item], timeout_ms: Option<i64>) -> Answer {
        let values: Vec<_> = items.iter().map(Parcel::of_item).collect();
        full_queue!(self, queue => {
            let put = match timeout_ms {
                None => queue.put_many(&values),
                Some(ms) => queue.put_many_timeout(&values, time(ms)),
            };
            match put {
                Ok(()) => Answer::number(values.len() as i64),
                Err(PutManyError { put, error }) => Answer { value: put as i64, ..put_error(error) },
            }
        })
    }

    fn get_many(&self, max: u32, timeout_ms: Option<i64>) -> Answer {
        full_queue!(self, queue => {
            let got = match timeout_ms {
                None => queue.get_many(max),
                Some(ms) => queue.get_many_timeout(max, time(ms)),
            };
            match got {
                Err(error) => get_error(error),
                Ok(values) => match values.iter().find_map(|value| value.as_ref().err()) {
                    // What could be decoded is reported all the same.
                    Some(error) => Answer {
                        text: Some(error.to_string()),
                        outcome: Outcome::DecodeFailed,
                        ..received_many(values.iter().flatten())
                    },
                    None => received_many(values.iter().flatten()),
                },
            }
        })
    }

    fn joinable(&self, call: &Call) -> Answer {
        let Joinable(queue) = self else { return Answer::of(Outcome::Unsupported) };
        match call {
            Call::TaskDone => queue.task_done().map_or_else(task_done_error, |()| Answer::ok()),
            Call::JoinTasks { timeout_ms: None } => queue.join().map_or_else(join_error, |()| Answer::ok()),
            Call::JoinTasks { timeout_ms: Some(ms) } => {
                queue.join_timeout(time(*ms)).map_or_else(join_error, |()| Answer::ok())
            }
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn is_empty(&self) -> Result<bool, ClosedError> {
        match self {
            Plain(queue) => queue.is_empty(),
            Joinable(queue) => queue.is_empty(),
            Simple(queue) => queue.is_empty(),
        }
    }

    fn close(&self) {
        match self {
            Plain(queue) => queue.close(),
            Joinable(queue) => queue.close(),
            Simple(queue) => queue.close(),
        }
    }
}

fn received_many<'a>(parcels: impl IntoIterator<Item = &'a Parcel>) -> Answer {
    let pair = |answer: Answer| (answer.value, answer.aux);
    let items: Vec<_> = parcels.into_iter().map(|parcel| pair(parcel.received())).collect();
    Answer { value: items.len() as i64, items, ..Answer::ok() }
}

/// A time as the reference takes it: one below zero is none.
fn time(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0) as u64)
}

fn put_error(error: PutError) -> Answer {
    let outcome = match &error {
        PutError::Closed => Outcome::Closed,
        PutError::Corrupt(_) => Outcome::Corrupt,
        PutError::Encode(_) => Outcome::EncodeFailed,
        PutError::Exhausted(_) => Outcome::Exhausted,
        PutError::Full => Outcome::Full,
        PutError::TooLong { .. } => Outcome::TooLong,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

fn get_error(error: GetError) -> Answer {
    let outcome = match &error {
        GetError::Closed => Outcome::Closed,
        GetError::Corrupt(_) => Outcome::Corrupt,
        GetError::Decode(_) => Outcome::DecodeFailed,
        GetError::Empty => Outcome::Empty,
        GetError::Exhausted(_) => Outcome::Exhausted,
        GetError::ProducersGone => Outcome::PeerDied,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

fn task_done_error(error: TaskDoneError) -> Answer {
    let outcome = match &error {
        TaskDoneError::Closed => Outcome::Closed,
        TaskDoneError::Exhausted(_) => Outcome::Exhausted,
        TaskDoneError::OverRelease => Outcome::OverRelease,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

fn join_error(error: JoinError) -> Answer {
    let outcome = match &error {
        JoinError::Closed => Outcome::Closed,
        JoinError::Exhausted(_) => Outcome::Exhausted,
        JoinError::TimedOut => Outcome::Timeout,
        JoinError::WorkerDied(_) => Outcome::PeerDied,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

fn closed(error: impl Display) -> Answer {
    Answer::error(Outcome::Closed, error)
}

impl Object for QueueHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let this = &*self;
        let is_simple = matches!(this, Simple(_));
        match call {
            Call::Put { item, block, timeout_ms, then_clear } => {
                this.put(item, *block, *timeout_ms, *then_clear)
            }
            Call::Get { block, timeout_ms } => this.get(*block, *timeout_ms),
            Call::Empty => this.is_empty().map_or_else(closed, Answer::truth),
            Call::Close => {
                this.close();
                Answer::ok()
            }
            Call::Serialise => match transfer::encode(this) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            _ if is_simple => Answer::of(Outcome::Unsupported),
            Call::PutNowait { item } => this.put(item, false, None, false),
            Call::GetNowait => this.get(false, None),
            Call::PutMany { items, timeout_ms } => this.put_many(items, *timeout_ms),
            Call::GetMany { max, timeout_ms } => this.get_many(*max, *timeout_ms),
            Call::Qsize => full_queue!(this, queue => {
                queue.len().map_or_else(closed, |len| Answer::number(len as i64))
            }),
            Call::Full => full_queue!(this, queue => queue.is_full().map_or_else(closed, Answer::truth)),
            Call::IsClosed => full_queue!(this, queue => Answer::truth(queue.is_closed())),
            Call::JoinThread => full_queue!(this, queue => match queue.join_thread() {
                Ok(()) => Answer::ok(),
                Err(error) => Answer::error(Outcome::Misuse, error),
            }),
            Call::CancelJoinThread => full_queue!(this, queue => {
                queue.cancel_join_thread();
                Answer::ok()
            }),
            call => this.joinable(call),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
