//! A server on one host and its clients on another: two network namespaces with a wire between them.
//!
//! Each test is played in a world of its own, namespaces of processes, of mounts and of networks whose first process
//! is this program in the role `world`. It is killed with the test, in whichever way that ends, and with it everything
//! that is in the world. Where the machine does not allow worlds, the tests are listed as ignored.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use procession_manager::proxy::{CallError, ListProxy, LockProxy, Proxy, QueueProxy, Remote};
use procession_manager::server::{Server, Serving, Settings};
use procession_manager::{Address, Key};

const KEY: &str = "open sesame";
/// The server's host, and the clients' one.
const HERE: &str = "10.77.0.1";
const THERE: &str = "10.77.0.2";

/// How a world begins: with no processes, networks or mounts but its own, and as root in it.
const UNSHARE: [&str; 7] =
    ["--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "--"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match words[..] {
        ["door", scene] => door(scene),
        ["world", scene] => scene_named(scene)(),
        ["client", role, address] => client(role, address),
        _ => return libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
    ExitCode::SUCCESS
}

/// What is played, and whether it needs a Python.
const SCENES: [(&str, bool, fn()); 3] = [
    ("rust_shares_with_another_host", false, rust_shares),
    ("python_shares_with_another_host", true, python_shares),
    ("a_host_that_vanishes_stops_nobody", false, host_vanishes),
];

fn scene_named(name: &str) -> fn() {
    SCENES.iter().find(|(known, ..)| *known == name).expect("the test names it").2
}

fn trials() -> Vec<Trial> {
    let world = refusal(Command::new("unshare").args(UNSHARE).args(["sh", "-c", PROBE]));
    let python = refusal(Command::new("python3").args(["-c", "import multiprocessing.managers"]));
    SCENES
        .iter()
        .map(|(scene, needs_python, _)| {
            let python = python.clone().filter(|_| *needs_python);
            match world.clone().or(python) {
                None => Trial::test(*scene, move || play(scene)),
                Some(why) => {
                    let missing = why.clone();
                    Trial::test(format!("{scene}: UNTESTED: {why}"), move || Err(missing.into()))
                        .with_ignored_flag(true)
                }
            }
        })
        .collect()
}

/// Everything that a world is made with, tried once.
const PROBE: &str = "ip link add name here type veth peer name there && nsenter --target $$ --net true";

/// Why a command cannot be run.
fn refusal(command: &mut Command) -> Option<String> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            Some(format!("{} says: {said}", command.get_program().to_string_lossy()))
        }
        Err(error) => Some(format!("{}: {error}", command.get_program().to_string_lossy())),
    }
}

/// This program in another role.
fn own(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program's own file"));
    command.arg(role);
    command
}

/// Plays a scene in a world of its own.
fn play(scene: &str) -> Result<(), Failed> {
    let output = own("door").arg(scene).stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

/// Becomes what makes a world, and dies with who plays.
fn door(scene: &str) {
    set_pdeathsig(Signal::SIGKILL).expect("SIGKILL is a signal");
    let program = std::env::current_exe().expect("this program's own file");
    let error = Command::new("unshare").args(UNSHARE).arg(program).args(["world", scene]).exec();
    panic!("unshare: {error}");
}

/// Runs a command that must succeed.
fn sure(command: &str) {
    let output = Command::new("sh").args(["-c", command]).output().expect("there is a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The clients' host, with a wire to the server's one.
struct Host {
    /// Is there as long as the host is.
    keeper: Child,
}

impl Host {
    fn connected() -> Host {
        let mut keeper = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it could be done a moment ago");
        let out = keeper.stdout.as_mut().expect("it is piped");
        BufReader::new(out).read_line(&mut String::new()).expect("the host is there");
        let host = Host { keeper };
        sure("ip link set lo up");
        sure("ip link add name here type veth peer name there");
        sure(&format!("ip link set there netns {}", host.keeper.id()));
        sure(&format!("ip address add {HERE}/24 dev here && ip link set here up"));
        host.sure(&format!("ip address add {THERE}/24 dev there"));
        host.sure("ip link set there up && ip link set lo up");
        host
    }

    /// A command on it.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.keeper.id().to_string(), "--net"]).args(words);
        command
    }

    fn sure(&self, command: &str) {
        let output = self.command(&["sh", "-c", command]).output().expect("it could be done a moment ago");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// This program as a client on it.
    fn client(&self, role: &str, at: &Address) -> Command {
        let program = std::env::current_exe().expect("this program's own file");
        let mut command = self.command(&[]);
        command.arg(program).args(["client", role, &at.to_string()]);
        command
    }
}

/// A server on this host that others reach.
fn served() -> Serving {
    let mut settings = Settings::new(Key::new(KEY).expect("it has letters"));
    settings.address = Some(Address::Tcp { host: HERE.into(), port: 0 });
    settings.limits.unreachable = Duration::from_secs(1);
    for (name, of) in [("log", "list"), ("jobs", "Queue"), ("door", "Lock")] {
        settings.registry.share(name, of).expect("there is such a type");
    }
    let server = Server::bind(settings).expect("a port is free");
    server.serve_in_background().expect("a thread can be had")
}

fn remote(address: &Address, key: &str) -> Result<Remote, CallError> {
    Remote::connect(address.clone(), Key::new(key).expect("it has letters"))
}

fn shared<T: From<Proxy>>(remote: &Remote, name: &str) -> T {
    remote.create(name, (), ()).expect("it is served").into()
}

fn rust_shares() {
    let (host, serving) = (Host::connected(), served());
    let remote = remote(serving.address(), KEY).expect("it serves");
    let (log, jobs) =
        (shared::<ListProxy<String>>(&remote, "log"), shared::<QueueProxy<i64>>(&remote, "jobs"));
    jobs.put(&7).expect("there is room");
    let output = host.client("shares", serving.address()).output().expect("it could be done a moment ago");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(log.to_vec().expect("it serves"), ["from 10.77.0.2: 7"]);
    let nothing_is_left = remote.number_of_objects().expect("it serves");
    assert_eq!(nothing_is_left, 2, "{}", remote.debug_info().expect("it serves"));
}

/// On the clients' host.
fn client(role: &str, address: &str) {
    let address: Address = address.parse().expect("the test names it");
    let refused = remote(&address, "close sesame");
    assert!(matches!(refused, Err(CallError::KeyRefused(_))), "{refused:?}");
    let remote = remote(&address, KEY).expect("it serves");
    let jobs = shared::<QueueProxy<i64>>(&remote, "jobs");
    match role {
        "shares" => {
            let job = jobs.get().expect("there is one");
            let log = shared::<ListProxy<String>>(&remote, "log");
            log.append(&format!("from {THERE}: {job}")).expect("it serves");
        }
        _ => {
            shared::<LockProxy>(&remote, "door").acquire().expect("it is free");
            println!("holds");
            let got = jobs.get();
            panic!("this host is to vanish before there is an item: {got:?}");
        }
    }
}

const CLIENT: &str = "
import sys
from multiprocessing import AuthenticationError, current_process
from multiprocessing.managers import ListProxy, SyncManager

address = (sys.argv[1], int(sys.argv[2]))
try:
    SyncManager(address, b'close sesame').connect()
    raise AssertionError('another key is no key')
except AuthenticationError:
    pass
current_process().authkey = b'open sesame'
SyncManager.register('log', proxytype=ListProxy)
SyncManager.register('jobs')
manager = SyncManager(address)
manager.connect()
manager.log().append('from python: %d' % manager.jobs().get())
";

fn python_shares() {
    let (host, serving) = (Host::connected(), served());
    let Address::Tcp { port, .. } = serving.address() else { panic!("it was asked for") };
    let remote = remote(serving.address(), KEY).expect("it serves");
    let (log, jobs) =
        (shared::<ListProxy<String>>(&remote, "log"), shared::<QueueProxy<i64>>(&remote, "jobs"));
    jobs.put(&7).expect("there is room");
    let mut python = host.command(&["python3", "-c", CLIENT, HERE, &port.to_string()]);
    let output = python.output().expect("a python that ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(log.to_vec().expect("it serves"), ["from python: 7"]);
}

/// The client there holds a lock and waits for an item, and its host is cut off: nothing comes from it any more, also
/// not that it is gone.
fn host_vanishes() {
    let (host, serving) = (Host::connected(), served());
    let remote = remote(serving.address(), KEY).expect("it serves");
    let (log, jobs) =
        (shared::<ListProxy<String>>(&remote, "log"), shared::<QueueProxy<i64>>(&remote, "jobs"));
    let door = shared::<LockProxy>(&remote, "door");
    let mut there = host
        .client("holds", serving.address())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it could be done a moment ago");
    let mut line = String::new();
    BufReader::new(there.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is text");
    assert_eq!(line, "holds\n");
    assert!(!door.try_acquire().expect("it serves"));
    host.sure("ip link set there down");
    there.kill().expect("it is our child");
    there.wait().expect("it is our child");
    log.append(&"here".into()).expect("it serves on");
    // As soon as the server has noticed, in a second or two.
    assert!(door.acquire_timeout(Duration::from_secs(60)).expect("it serves on"));
    jobs.put(&7).expect("there is room");
    assert_eq!(jobs.get().expect("it was put"), 7, "nobody else waits for it");
    assert_eq!(log.to_vec().expect("it serves on"), ["here"]);
}
