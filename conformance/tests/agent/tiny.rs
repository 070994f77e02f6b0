//! The smallest implementation: a queue of numbers, which is a pair of datagram sockets.

use std::any::Any;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;

use procession_contract::{
    Answer, Call, Implementation, Item, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
    QueueLevel,
};

pub struct Tiny;

struct Queue(UnixDatagram, UnixDatagram);

impl Implementation for Tiny {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Manifest {
            name: "tiny".into(),
            version: "1".into(),
            language: "rust".into(),
            methods: vec![Method::Fork],
            objects: names(&["queue"]),
            calls: names(&["put", "get", "get_many", "start", "join", "is_alive", "exitcode", "pid", "kill"]),
            claims: names(&[]),
            queue_level: QueueLevel::Conservation,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _method: Method, _existing: &mut Objects) -> Result<Objects, Answer> {
        let ObjectKind::Queue { .. } = spec.kind else { return Err(Answer::of(Outcome::Unsupported)) };
        let (to, from) = UnixDatagram::pair().map_err(|error| Answer::error(Outcome::Other, error))?;
        let queue: Box<dyn Object> = Box::new(Queue(to, from));
        Ok(Objects::from([(spec.name.clone(), queue)]))
    }
}

impl Queue {
    fn get(&self, block: bool) -> Answer {
        let mut id = [0; 4];
        let received = self.1.set_nonblocking(!block).and_then(|()| self.1.recv(&mut id));
        match received {
            Ok(_) => Answer::received(&Item::int(u32::from_le_bytes(id)).value()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Answer::of(Outcome::Empty),
            Err(error) => Answer::error(Outcome::Other, error),
        }
    }
}

impl Object for Queue {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Put { item, .. } => match self.0.send(&item.id.to_le_bytes()) {
                Ok(_) => Answer::ok(),
                Err(error) => Answer::error(Outcome::Other, error),
            },
            Call::Get { block, .. } => self.get(*block),
            Call::GetMany { max, .. } => {
                let items: Vec<_> =
                    (0..*max).map(|_| self.get(true)).map(|got| (got.value, got.aux)).collect();
                Answer { value: items.len() as i64, items, ..Answer::ok() }
            }
            Call::Qsize => panic!("the tiny queue cannot count"),
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        let cloned = self.0.try_clone().and_then(|to| Ok(Queue(to, self.1.try_clone()?)));
        match cloned {
            Ok(queue) => Ok(Box::new(queue)),
            Err(error) => Err(Answer::error(Outcome::Other, error)),
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
