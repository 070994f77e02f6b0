//! What Procession asks of this crate's queue, one test per clause.

use std::any::Any;
use std::time::Duration;

use my_ipc::DatagramQueue;
use procession::contract::{
    Answer, Call, Implementation, Manifest, Method, Object, ObjectSpec, Objects, Outcome, QueueLevel,
};

struct MyIpc;

struct Queue(DatagramQueue);

impl Implementation for MyIpc {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        Manifest {
            name: "my_ipc".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            language: "rust".into(),
            methods: vec![Method::Fork],
            objects: names(&["simple_queue"]),
            calls: names(&["put", "get", "start", "join"]),
            claims: names(&[]),
            queue_level: QueueLevel::LinearizableFifo,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _: Method, _: &mut Objects) -> Result<Objects, Answer> {
        let queue = DatagramQueue::new().map_err(|error| Answer::error(Outcome::Other, error))?;
        Ok(Objects::from([(spec.name.clone(), Box::new(Queue(queue)) as Box<dyn Object>)]))
    }
}

impl Object for Queue {
    fn call(&mut self, call: &Call) -> Answer {
        let done = match call {
            Call::Put { item, .. } => match serde_json::to_vec(&item.value()) {
                Ok(bytes) => self.0.put(&bytes).map(|()| Answer::ok()),
                Err(error) => Ok(Answer::error(Outcome::EncodeFailed, error)),
            },
            Call::Get { timeout_ms, .. } => self.0.get(timeout_ms.map(|ms| Duration::from_millis(ms as u64))).map(|taken| {
                let Some(bytes) = taken else { return Answer::of(Outcome::Empty) };
                match serde_json::from_slice(&bytes) {
                    Ok(value) => Answer::received(&value),
                    Err(error) => Answer::error(Outcome::DecodeFailed, error),
                }
            }),
            _ => Ok(Answer::of(Outcome::Unsupported)),
        };
        done.unwrap_or_else(|error| Answer::error(Outcome::Other, error))
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        let shared = self.0.try_clone().map_err(|error| Answer::error(Outcome::Other, error))?;
        Ok(Box::new(Queue(shared)))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

procession::main!(MyIpc, expect = include_str!("expect.toml"));
