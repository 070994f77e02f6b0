//! Every CPython that is found: its pickles read here, ours read there, and its connections spoken with.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed};
use procession_wire::auth::{Digest, Digests, Generation, Key, Options, Role, run};
use procession_wire::bridge::{from_slice, from_value, to_vec};
use procession_wire::frame::{LongForm, Receiver, write_message};
use procession_wire::message::{Created, Reply, Request};
use procession_wire::pickle::{Protocol, write_as};
use procession_wire::value::Id;
use procession_wire::{Builder, Text, Value};
use serde_json::Value as Json;

#[path = "wire/known.rs"]
#[expect(dead_code, reason = "the other tests of the wire use more of it")]
mod known;
#[path = "../../../conformance/tests/pythons/mod.rs"]
mod pythons;

use known::{hex, trusting, unhex, vectors};

/// CPython's pickles have changed little since the oldest.
const ALL: pythons::Search = pythons::Search { oldest: 6, in_pyenv: true };

fn main() -> ExitCode {
    let tests: [pythons::Test; 4] = [
        ("what we write loads there to the same value", what_we_write_loads_there),
        ("what it writes loads here, plain values written alike", what_it_writes_loads_here),
        ("its client and our listener talk", its_client_and_our_listener_talk),
        ("its manager serves our client", its_manager_serves_our_client),
    ];
    libtest_mimic::run(&Arguments::from_args(), pythons::trials(ALL, &tests)).exit_code()
}

/// Runs a script with this input and gives what it printed.
fn run_python(python: &str, script: &str, input: &str) -> String {
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a python that ran before");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_string();
    // From a thread of its own: Python answers while it still reads.
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the output of python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{python}: {said:.2000}");
    feeder.join().expect("the feeder").expect("python read its input");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Pickles that load wherever Python runs: plain values.
fn plain(vector: &Json) -> bool {
    let foreign = ["path", "exc_empty", "fraction", "mgr_namespace"];
    !foreign.contains(&vector["name"].as_str().expect("a name"))
}

fn what_we_write_loads_there(python: &str) -> Result<(), Failed> {
    let mut lines = Vec::new();
    for vector in vectors("pickles").iter().filter(|vector| plain(vector)) {
        let theirs = unhex(&vector["hex"]);
        let value = trusting().read(&theirs).unwrap();
        for protocol in [Protocol::Two, Protocol::Three, Protocol::Four, Protocol::Five] {
            let ours = write_as(value.root(), protocol).unwrap();
            let higher = vector["protocol"].as_u64().unwrap().max(protocol as u64);
            let name = vector["name"].as_str().unwrap();
            lines.push(format!("{higher} {name} {} {}\n", hex(&theirs), hex(&ours)));
        }
    }
    // Whatever `==` does not settle, such as cycles and objects, the pickle of what was loaded does.
    let script = r"
import pickle, sys
count = 0
for line in sys.stdin:
    _, name, theirs, ours = line.split()
    a, b = pickle.loads(bytes.fromhex(theirs)), pickle.loads(bytes.fromhex(ours))
    assert type(a) is type(b), name
    try:
        same = a == b
    except RecursionError:
        same = False
    assert same or pickle.dumps(a, 4) == pickle.dumps(b, 4) or repr(a) == repr(b), (name, a, b)
    count += 1
print(count)
";
    let highest = run_python(python, "import pickle; print(pickle.HIGHEST_PROTOCOL)", "");
    let readable = |line: &&String| line.as_bytes()[0] - b'0' <= highest.as_bytes()[0] - b'0';
    let input: String = lines.iter().filter(readable).cloned().collect();
    let count = run_python(python, script, &input);
    assert_eq!(count.trim(), input.lines().count().to_string());
    Ok(())
}

fn what_it_writes_loads_here(python: &str) -> Result<(), Failed> {
    // Each line: protocol, pickle, and repr in a form that Rust prints too.
    let script = r"
import pickle, random, struct
random.seed(4)
def make(depth):
    kind = random.randrange(12 if depth else 7)
    if kind == 0: return None
    if kind == 1: return random.random() < 0.5
    if kind == 2: return random.getrandbits(random.choice([4, 8, 16, 31, 32, 63, 64, 200, 3000])) * random.choice([1, -1])
    if kind == 3: return random.uniform(-1e9, 1e9)
    if kind == 4: return ''.join(chr(random.choice([65, 0xe9, 0x20ac, 0xd800, 0x1f600])) for _ in range(random.randrange(300)))
    if kind == 5: return bytes(random.randrange(256) for _ in range(random.randrange(300)))
    if kind == 6: return bytearray(random.randrange(256) for _ in range(random.randrange(9)))
    many = [make(depth - 1) for _ in range(random.choice([0, 1, 2, 3, 4, 5]))]
    if kind == 7: return many
    if kind == 8: return tuple(many)
    if kind == 9: return [many, many, tuple(many)]
    keys = [random.getrandbits(20) for _ in many]
    if kind == 10: return dict(zip(keys, many))
    return random.choice([set, frozenset])(keys)
for _ in range(500):
    value = make(4)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        print(protocol, pickle.dumps(value, protocol).hex())
numbers = [i * i % 70001 - 300 + (i % 1000 == 999) * 2 ** 40 for i in range(40000)]
for value in (numbers, [numbers[:1000], None, 2 ** 31, 7, 'x', 8, 9], list(range(3001)), {str(i): i for i in range(2000)}, ['x' * 70000, b'y' * 70000, 'z'] * 2, set(range(1000))):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        print(protocol, pickle.dumps(value, protocol).hex())
";
    compare(python, &run_python(python, script, ""));
    Ok(())
}

/// Reads and writes each of these pickles.
fn compare(python: &str, lines: &str) {
    let mut alike = 0;
    for line in lines.lines() {
        let (protocol, digits) = line.split_once(' ').unwrap();
        let theirs = unhex(&Json::from(digits));
        let value = trusting().read(&theirs).unwrap_or_else(|error| panic!("{error}: {digits:.200}"));
        let protocol = match protocol {
            "2" => Protocol::Two,
            "3" => Protocol::Three,
            "4" => Protocol::Four,
            _ => Protocol::Five,
        };
        let ours = write_as(value.root(), protocol).unwrap();
        alike += usize::from(ours == theirs);
        assert_eq!(trusting().read(&ours).unwrap(), value);
    }
    let total = lines.lines().count();
    let exact = run_python(python, "import sys; print(sys.version_info >= (3, 8))", "") == "True\n";
    // 3.6 frames differently, and both it and 3.7 write bytearrays in another way.
    assert!(alike == total || !exact, "{alike} of {total} byte for byte as {python}");
}

fn its_client_and_our_listener_talk(python: &str) -> Result<(), Failed> {
    let script = r"
import sys
from multiprocessing.connection import Client
path = sys.stdin.readline().strip()
for _ in range(4):
    with Client(path, 'AF_UNIX', authkey=b'secret key') as connection:
        connection.send({'question': [1, 2.5, 'drei', None]})
        assert connection.recv() == ('answer', {'sum': 2 ** 70}), 'another answer'
        connection.send_bytes(b'x' * 100000)
        assert connection.recv_bytes() == b'', 'not empty'
print('done')
";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let modern = [Digest::Md5, Digest::Sha256, Digest::Sha3_384].map(Generation::Modern);
        for generation in [&[Generation::Legacy][..], &modern].concat() {
            let (connection, _) = listener.accept().unwrap();
            answer(connection, generation);
        }
    });
    assert_eq!(run_python(python, script, &format!("{}\n", path.display())).trim(), "done");
    server.join().expect("our side");
    Ok(())
}

/// Our side of one conversation with the client above.
fn answer(mut connection: UnixStream, generation: Generation) {
    let options = Options { generation, digests: Digests::ALL };
    run(&mut connection, Role::Listener, key(), options).unwrap();
    let mut receiver = Receiver::new();
    let asked = receiver.receive(&mut connection, 1 << 20).unwrap().unwrap();
    let asked: BTreeMap<String, (u8, f32, String, ())> = from_slice(&asked).unwrap();
    assert_eq!(asked["question"], (1, 2.5, "drei".into(), ()));
    let answer = to_vec(&("answer", BTreeMap::from([("sum", 1_i128 << 70)]))).unwrap();
    write_message(&mut connection, &answer, LongForm::Refused).unwrap();
    assert_eq!(receiver.receive(&mut connection, 1 << 20).unwrap().unwrap(), vec![b'x'; 100_000]);
    write_message(&mut connection, b"", LongForm::Refused).unwrap();
    assert_eq!(receiver.receive(&mut connection, 1 << 20).unwrap(), None);
}

fn key() -> Key {
    Key::new("secret key").unwrap()
}

/// Sends one request and gives the reply.
fn ask(
    connection: &mut UnixStream,
    ident: Option<&str>,
    method: &str,
    args: impl FnOnce(&mut Builder) -> Vec<Id>,
) -> Value<'static> {
    let mut builder = Builder::new();
    let args = args(&mut builder);
    let root = Request::add(&mut builder, ident.map(Text::from), method, &args, &[]);
    let request = write_as(builder.finish(root).root(), Protocol::Four).unwrap();
    write_message(connection, &request, LongForm::Refused).unwrap();
    let reply = Receiver::new().receive(connection, 1 << 20).unwrap().expect("a reply");
    procession_wire::pickle::read(&reply).unwrap().into_owned()
}

/// The result of a method that returned.
fn returned(reply: &Value<'_>) -> Value<'static> {
    match Reply::read(reply.root()).unwrap() {
        Reply::Return(result) => result.to_value(),
        other => panic!("{other:?}"),
    }
}

fn its_manager_serves_our_client(python: &str) -> Result<(), Failed> {
    let script = r"
import sys
from multiprocessing.managers import SyncManager
server = SyncManager(address=sys.argv[1], authkey=b'secret key').get_server()
print('ready', flush=True)
server.serve_forever()
";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut server =
        Command::new(python).args(["-c", script]).arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n", "{python}");
    let connect = || {
        let mut connection = UnixStream::connect(&path).unwrap();
        run(&mut connection, Role::Connector, key(), Options::default()).unwrap();
        connection
    };
    let mut wrong = UnixStream::connect(&path).unwrap();
    let refused = run(&mut wrong, Role::Connector, Key::new("another").unwrap(), Options::default());
    assert!(matches!(refused, Err(procession_wire::auth::Error::Rejected)), "{refused:?}");

    let created = ask(&mut connect(), None, "create", |b| vec![b.str("list")]);
    let created = returned(&created);
    let created = Created::read(created.root()).unwrap();
    assert!(created.exposed.iter().any(|name| *name == "append"));
    let ident = created.ident.to_str();
    assert!(returned(&ask(&mut connect(), None, "incref", |b| vec![b.str(created.ident)])).root().is_none());
    let mut proxy = connect();
    let named = ask(&mut proxy, None, "accept_connection", |b| vec![b.str("wire")]);
    assert!(returned(&named).root().is_none());
    returned(&ask(&mut proxy, ident, "append", |b| {
        let (number, text) = (b.int(1 << 40), b.str("zwei"));
        vec![b.tuple(&[number, text])]
    }));
    let item = returned(&ask(&mut proxy, ident, "__getitem__", |b| vec![b.int(0)]));
    assert_eq!(from_value(&item), Ok((1_u64 << 40, "zwei")));
    let missing = ask(&mut proxy, ident, "__getitem__", |b| vec![b.int(9)]);
    match Reply::read(missing.root()).unwrap() {
        Reply::Error(error) => assert_eq!(error.class.name, "IndexError"),
        other => panic!("{other:?}"),
    }
    let strange = ask(&mut proxy, ident, "no_such_method", |_| Vec::new());
    assert!(matches!(Reply::read(strange.root()), Ok(Reply::Traceback(_))));
    drop(proxy);
    returned(&ask(&mut connect(), None, "shutdown", |_| Vec::new()));
    assert!(server.wait().unwrap().success(), "{python}");
    Ok(())
}
