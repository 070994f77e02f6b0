//! A queue that hands out every second item twice, so that random programs fail on it too.

use std::any::Any;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use procession_contract::{
    Answer, Call, Implementation, Item, Manifest, Method, Object, ObjectSpec, Objects, Outcome, QueueLevel,
};

/// The argument that makes this program its adapter.
pub const ROLE: &str = "stutter";

pub struct Stutter;

struct Queue(UnixDatagram, UnixDatagram, AtomicU32);

impl Implementation for Stutter {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Manifest {
            name: "stutter".into(),
            version: "1".into(),
            language: "rust".into(),
            methods: vec![Method::Fork],
            objects: names(&["queue"]),
            calls: names(&["put", "put_nowait", "get", "get_nowait", "close", "start", "join"]),
            claims: names(&[]),
            queue_level: QueueLevel::Conservation,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _method: Method) -> Result<Objects, Answer> {
        let pair = UnixDatagram::pair().map_err(|error| Answer::error(Outcome::Other, error))?;
        let queue: Box<dyn Object> = Box::new(Queue(pair.0, pair.1, AtomicU32::new(0)));
        Ok(Objects::from([(spec.name.clone(), queue)]))
    }
}

impl Queue {
    fn put(&self, item: &Item) -> std::io::Result<Answer> {
        let bytes = serde_json::to_vec(item)?;
        for _ in 0..=self.2.fetch_add(1, Ordering::Relaxed) % 2 {
            self.0.send(&bytes)?;
        }
        Ok(Answer::ok())
    }

    fn get(&self, block: bool, timeout_ms: Option<i64>) -> std::io::Result<Answer> {
        let mut bytes = [0; 1_000];
        self.1.set_nonblocking(!block)?;
        self.1.set_read_timeout(timeout_ms.map(|ms| Duration::from_millis(ms.max(1) as u64)))?;
        match self.1.recv(&mut bytes) {
            Ok(length) => {
                let item: Item = serde_json::from_slice(&bytes[..length])?;
                Ok(Answer::received(&item.value()))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Answer::of(Outcome::Empty)),
            Err(error) => Err(error),
        }
    }
}

impl Object for Queue {
    fn call(&mut self, call: &Call) -> Answer {
        let done = match call {
            Call::Put { item, .. } | Call::PutNowait { item } => self.put(item),
            Call::Get { block, timeout_ms } => self.get(*block, *timeout_ms),
            Call::GetNowait => self.get(false, None),
            Call::Close => Ok(Answer::ok()),
            _ => Ok(Answer::of(Outcome::Unsupported)),
        };
        done.unwrap_or_else(|error| Answer::error(Outcome::Other, error))
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        let cloned = self.0.try_clone().and_then(|to| Ok(Queue(to, self.1.try_clone()?, AtomicU32::new(0))));
        match cloned {
            Ok(queue) => Ok(Box::new(queue)),
            Err(error) => Err(Answer::error(Outcome::Other, error)),
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
