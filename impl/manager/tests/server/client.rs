//! A client that says exactly what it is told to.

use std::io::Read;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use procession_manager::Address;
use procession_wire::auth::{Key, Options, Role, run};
use procession_wire::frame::{LongForm, Receiver, write_message};
use procession_wire::message::{Reply, Request};
use procession_wire::value::Id;
use procession_wire::{Builder, Text, Value, pickle};

use crate::counter::{KEY, path_of};

/// A connection that has proved its key.
pub struct Client {
    stream: UnixStream,
    receiver: Receiver,
}

/// A reply, by its kind and what came with it.
pub struct Answer(Value<'static>);

impl Client {
    /// Connects, and proves the key.
    pub fn connect(address: &Address) -> Client {
        let mut stream = match address {
            // What is done with it is the same for both families.
            Address::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).expect("the server listens");
                stream.set_nodelay(true).expect("a socket");
                UnixStream::from(OwnedFd::from(stream))
            }
            _ => UnixStream::connect(path_of(address)).expect("the server listens"),
        };
        // A server that does not answer fails the test instead of holding it for ever.
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
        let key = Key::new(KEY).expect("it has bytes");
        run(&mut stream, Role::Connector, key, Options::default()).expect("the key is the server's");
        Client { stream, receiver: Receiver::new() }
    }

    /// A session.
    pub fn session(address: &Address) -> Client {
        let mut client = Client::connect(address);
        client.ask(None, "accept_connection", |builder| vec![builder.str("test")]).none();
        client
    }

    /// Sends these bytes as a message.
    pub fn send(&mut self, message: &[u8]) {
        write_message(&mut self.stream, message, LongForm::Refused).expect("the server reads");
    }

    /// Sends these bytes, which may be no message.
    pub fn write(&mut self, bytes: &[u8]) {
        std::io::Write::write_all(&mut self.stream, bytes).expect("the server reads");
    }

    /// Closes the connection for what is to be sent, and leaves it open for what comes.
    pub fn leave_writing(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).expect("it was open");
    }

    /// The next reply; none where the server has closed the connection.
    pub fn receive(&mut self) -> Option<Answer> {
        let reply = self.receiver.receive(&mut self.stream, 1 << 30).expect("a whole message or the end")?;
        Some(Answer(pickle::read(&reply).expect("a pickle").into_owned()))
    }

    /// Waits until the server has sent something, and leaves it where it is.
    pub fn wait_for_reply(&self) {
        let came = recv(self.stream.as_raw_fd(), &mut [0], MsgFlags::MSG_PEEK);
        assert_eq!(came, Ok(1), "a reply comes");
    }

    /// Reads so many bytes of what the server has sent.
    pub fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("so much was sent");
        bytes
    }

    /// Whether the server has closed the connection, with or without an error.
    pub fn is_over(&mut self) -> bool {
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }

    /// Sends a request.
    pub fn request(
        &mut self,
        ident: Option<&str>,
        method: &str,
        arguments: impl FnOnce(&mut Builder) -> Vec<Id>,
    ) {
        let mut builder = Builder::new();
        let arguments = arguments(&mut builder);
        let request = Request::add(&mut builder, ident.map(Text::from), method, &arguments, &[]);
        let request = pickle::write(&builder.finish(request)).expect("protocol 4");
        self.send(&request);
    }

    /// Sends a request and waits for the reply.
    pub fn ask(
        &mut self,
        ident: Option<&str>,
        method: &str,
        arguments: impl FnOnce(&mut Builder) -> Vec<Id>,
    ) -> Answer {
        self.request(ident, method, arguments);
        self.receive().expect("a reply")
    }

    /// Calls a method without arguments.
    pub fn call(&mut self, ident: &str, method: &str) -> Answer {
        self.ask(Some(ident), method, |_| Vec::new())
    }
}

/// A request on a connection of its own.
pub fn once(address: &Address, function: &str, arguments: impl FnOnce(&mut Builder) -> Vec<Id>) -> Answer {
    Client::connect(address).ask(None, function, arguments)
}

/// Creates an object: its name.
pub fn create(address: &Address, typeid: &str) -> String {
    once(address, "create", |builder| vec![builder.str(typeid)]).created()
}

/// Gives a reference back.
pub fn decref(address: &Address, ident: &str) -> Answer {
    once(address, "decref", |builder| vec![builder.str(ident)])
}

/// Takes a reference.
pub fn incref(address: &Address, ident: &str) -> Answer {
    once(address, "incref", |builder| vec![builder.str(ident)])
}

/// How many objects the server holds for clients.
pub fn number(address: &Address) -> i64 {
    once(address, "number_of_objects", |_| Vec::new()).int()
}

impl Answer {
    /// As it was sent.
    pub fn reply(&self) -> Reply<'_> {
        Reply::read(self.0.root()).expect("a reply")
    }

    /// The value of a `#RETURN`, as `Debug` shows it.
    pub fn value(&self) -> String {
        match self.reply() {
            Reply::Return(value) => format!("{value:?}"),
            other => panic!("{other:?} is no value"),
        }
    }

    /// The number that a `#RETURN` holds.
    pub fn int(&self) -> i64 {
        self.value().parse().expect("a number")
    }

    /// That it is a `#RETURN` of `None`.
    pub fn none(&self) {
        assert_eq!(self.value(), "None");
    }

    /// The last line of a `#TRACEBACK`.
    pub fn last_line(&self) -> String {
        match self.reply() {
            Reply::Traceback(text) => text.to_string().trim_end().lines().last().unwrap_or_default().into(),
            other => panic!("{other:?} is no traceback"),
        }
    }

    /// The name of what was created.
    pub fn created(&self) -> String {
        match self.reply() {
            Reply::Return(value) => {
                let created = procession_wire::message::Created::read(value).expect("what create returns");
                created.ident.to_string()
            }
            other => panic!("{other:?} creates nothing"),
        }
    }
}
