//! A CPython that is at hand: its pickles read here, ours read there, and its connections spoken with.
//!
//! Without a `python3` the tests here say so and pass: everything else in this directory needs none.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use procession_wire::auth::{Digest, Digests, Generation, Key, Options, Role, run};
use procession_wire::bridge::{from_slice, to_vec};
use procession_wire::frame::{LongForm, Receiver, write_message};
use procession_wire::pickle::{Protocol, write_as};
use serde_json::Value as Json;

use crate::known::{hex, trusting, unhex, vectors};

/// Runs a script with this input; nothing where there is no Python.
fn python(script: &str, input: &str) -> Option<String> {
    let child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("no python3 here: nothing tried");
        return None;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_string();
    // From a thread of its own: Python answers while it still reads.
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the output of python3");
    feeder.join().expect("the feeder").expect("python3 read its input");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

/// Pickles that load wherever Python runs: plain values.
fn plain(vector: &Json) -> bool {
    let foreign = ["path", "exc_empty", "fraction", "mgr_namespace"];
    !foreign.contains(&vector["name"].as_str().expect("a name"))
}

#[test]
fn what_we_write_loads_there_to_the_same_value() {
    let mut lines = String::new();
    for vector in vectors("pickles").iter().filter(|vector| plain(vector)) {
        let theirs = unhex(&vector["hex"]);
        let value = trusting().read(&theirs).unwrap();
        for protocol in [Protocol::Two, Protocol::Three, Protocol::Four, Protocol::Five] {
            let ours = write_as(value.root(), protocol).unwrap();
            lines += &format!("{} {} {}\n", vector["name"].as_str().unwrap(), hex(&theirs), hex(&ours));
        }
    }
    // Whatever `==` does not settle, such as cycles and objects, the pickle of what was loaded does.
    let script = r"
import pickle, sys
count = 0
for line in sys.stdin:
    name, theirs, ours = line.split()
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
    if let Some(count) = python(script, &lines) {
        assert_eq!(count.trim(), lines.lines().count().to_string());
    }
}

#[test]
fn what_it_writes_loads_here_and_plain_values_are_written_alike() {
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
    for protocol in (2, 3, 4, 5):
        print(protocol, pickle.dumps(value, protocol).hex())
for value in (list(range(3001)), {str(i): i for i in range(2000)}, ['x' * 70000, b'y' * 70000, 'z'] * 2, set(range(1000))):
    for protocol in (2, 3, 4, 5):
        print(protocol, pickle.dumps(value, protocol).hex())
";
    let Some(lines) = python(script, "") else { return };
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
        assert!(ours.len().abs_diff(theirs.len()) <= 9 + theirs.len() / 4, "{digits:.200}");
    }
    // Not all: two equal objects of Python can be one by chance, such as an empty bytes.
    let total = lines.lines().count();
    assert!(alike * 100 >= total * 95, "{alike} of {total} byte for byte");
}

#[test]
fn its_client_and_our_listener_talk() {
    let directory = std::env::temp_dir().join(format!("procession-wire-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("socket");
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
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let generations = [
            Generation::Legacy,
            Generation::Modern(Digest::Md5),
            Generation::Modern(Digest::Sha256),
            Generation::Modern(Digest::Sha3_384),
        ];
        for generation in generations {
            let (mut connection, _) = listener.accept().unwrap();
            let key = Key::new("secret key").unwrap();
            let options = Options { generation, digests: Digests::ALL };
            run(&mut connection, Role::Listener, key, options).unwrap();
            let mut receiver = Receiver::new();
            let asked = receiver.receive(&mut connection, 1 << 20).unwrap().unwrap();
            let asked: std::collections::BTreeMap<String, (u8, f32, String, ())> =
                from_slice(&asked).unwrap();
            assert_eq!(asked["question"], (1, 2.5, "drei".into(), ()));
            let answer =
                to_vec(&("answer", std::collections::BTreeMap::from([("sum", 1_i128 << 70)]))).unwrap();
            write_message(&mut connection, &answer, LongForm::Refused).unwrap();
            assert_eq!(receiver.receive(&mut connection, 1 << 20).unwrap().unwrap(), vec![b'x'; 100_000]);
            write_message(&mut connection, b"", LongForm::Refused).unwrap();
            assert_eq!(receiver.receive(&mut connection, 1 << 20).unwrap(), None);
        }
    });
    let said = python(script, &format!("{}\n", path.display()));
    if let Some(said) = said {
        assert_eq!(said.trim(), "done");
        server.join().expect("our side");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
