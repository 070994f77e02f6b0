//! What a child is given and what it is not: descriptors, arguments, start method, daemon flag, secret.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use procession_reference::context::{self, Context, Method, SetMethodError};
use procession_reference::exit;
use procession_reference::process::{AuthKey, Process, StartError, current_process};
use procession_reference::transfer::{self, Descriptor, EncodeError, Refused};
use rstest::rstest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Runs `body` in a child with the writing end of a pipe: what it wrote, and its exit code.
fn told_by(method: Method, body: fn(Descriptor)) -> (String, Option<i32>) {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let child = Context::from(method).process(body, Descriptor::from(OwnedFd::from(writer)));
    child.start().unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    child.join().unwrap();
    (text, child.exitcode().unwrap())
}

fn tell(to: Descriptor, text: impl std::fmt::Display) {
    File::from(to.into_inner()).write_all(text.to_string().as_bytes()).unwrap();
}

fn descriptors() -> Vec<i32> {
    let listing = std::fs::read_dir("/proc/self/fd").unwrap();
    let listed: Vec<i32> =
        listing.map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
    // The listing has its own descriptor, which is closed by now.
    listed.into_iter().filter(|fd| std::fs::metadata(format!("/proc/self/fd/{fd}")).is_ok()).collect()
}

#[rstest]
fn children_get_their_descriptors_and_no_others(#[values(Method::Spawn, Method::ForkServer)] method: Method) {
    // Inheritable, as a descriptor of foreign code may be.
    let null = File::open("/dev/null").unwrap();
    let _stray = nix::unistd::dup(&null).unwrap();
    let body = |to: Descriptor| {
        tell(to, descriptors().len());
    };
    // Standard input, output and error, the pidfd of the creator, the pipe of the family, and ours.
    assert_eq!(told_by(method, body), ("6".to_string(), Some(0)));
    let siblings: Vec<Process> = (0..5).map(|_| Process::empty().with_method(method)).collect();
    siblings.iter().for_each(|sibling| sibling.start().unwrap());
    assert_eq!(told_by(method, body).0, "6");
    siblings.iter().for_each(|sibling| sibling.join().unwrap());
}

#[test]
fn many_descriptors_and_megabytes_arrive() {
    fn body((ends, bytes): (Vec<Descriptor>, Vec<u8>)) {
        assert_eq!(ends.len(), 450);
        assert!(bytes.iter().enumerate().all(|(index, byte)| *byte == index as u8));
        let inodes = ends.iter().map(|end| nix::sys::stat::fstat(end.as_fd()).unwrap().st_ino);
        assert!(inodes.collect::<std::collections::HashSet<_>>().len() == 3);
    }
    let files = [File::open("/dev/null"), File::open("/dev/zero"), File::open("/dev/full")];
    let files = files.map(Result::unwrap);
    let ends = (0..450).map(|index| Descriptor::from(files[index % 3].try_clone().unwrap())).collect();
    let bytes = (0..4_000_000).map(|index| index as u8).collect();
    let child = Process::new(body, (ends, bytes));
    child.start().unwrap();
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

/// Cannot be serialised.
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("refuses"))
    }
}

impl<'de> Deserialize<'de> for Stubborn {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Stubborn, D::Error> {
        Ok(Stubborn)
    }
}

#[test]
fn arguments_that_cannot_travel_leave_the_process_unstarted() {
    for method in [Method::Spawn, Method::ForkServer] {
        let child = Context::from(method).process(|_: Stubborn| (), Stubborn);
        for _ in 0..2 {
            assert!(matches!(child.start(), Err(StartError::Encode(EncodeError::Value { .. }))));
        }
        assert_eq!(child.pid().unwrap(), None);
        let captured = 3;
        let closure = Process::forked(move || captured).with_method(method);
        assert!(matches!(closure.start(), Err(StartError::Encode(EncodeError::Closure))));
    }
    let child = Context::from(Method::Fork).process(|_: Stubborn| (), Stubborn);
    child.start().unwrap();
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

/// Travels, but cannot be decoded.
#[derive(Serialize)]
struct Broken;

impl<'de> Deserialize<'de> for Broken {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Broken, D::Error> {
        Err(serde::de::Error::custom("refuses"))
    }
}

/// Its decoding starts a process, in which it would be decoded again, and so on.
#[derive(Serialize)]
struct Multiplying;

impl<'de> Deserialize<'de> for Multiplying {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Multiplying, D::Error> {
        match Process::new(|_: Multiplying| (), Multiplying).start() {
            Err(StartError::Bootstrapping) => exit::exit(3),
            _ => Err(serde::de::Error::custom("must not start")),
        }
    }
}

#[rstest]
fn what_goes_wrong_before_the_body_ends_the_child(
    #[values(Method::Spawn, Method::ForkServer)] method: Method,
) {
    let broken = Context::from(method).process(|_: Broken| (), Broken);
    broken.start().unwrap();
    broken.join().unwrap();
    assert_eq!(broken.exitcode().unwrap(), Some(1));
    let multiplying = Context::from(method).process(|_: Multiplying| (), Multiplying);
    multiplying.start().unwrap();
    multiplying.join().unwrap();
    assert_eq!(multiplying.exitcode().unwrap(), Some(3));
}

#[test]
fn daemons_are_made_by_daemons_and_have_no_children() {
    fn body(to: Descriptor) {
        let child = Process::empty();
        let refused = matches!(child.start(), Err(StartError::DaemonsMayNotHaveChildren));
        tell(to, format!("{} {} {refused}", current_process().daemon(), child.daemon()));
    }
    assert!(!Process::empty().daemon());
    for method in context::start_methods() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let child =
            Context::from(method).process(body, Descriptor::from(OwnedFd::from(writer))).with_daemon(true);
        child.start().unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "true true true", "{method}");
        child.join().unwrap();
    }
}

#[rstest]
fn the_secret_is_inherited_and_guarded(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let body = |to: Descriptor| tell(to, format!("{:?}", current_process().authkey().as_bytes()));
    assert_eq!(told_by(method, body).0, format!("{:?}", current_process().authkey().as_bytes()));
    let child = Process::empty();
    child.set_authkey(b"another".as_slice());
    assert_eq!(child.authkey(), AuthKey::from(b"another".as_slice()));
    let refused = transfer::encode(&child.authkey());
    assert!(matches!(refused, Err(EncodeError::Refused(Refused::NotTravelling { what: "AuthKey" }))));
}

#[test]
fn processes_nest_and_share_a_pipe() {
    fn node((depth, path, to): (u32, String, Descriptor)) {
        File::from(to.as_fd().try_clone_to_owned().unwrap())
            .write_all(format!("{path} ").as_bytes())
            .unwrap();
        if depth > 0 {
            for branch in 0..2 {
                let copy = Descriptor::from(to.as_fd().try_clone_to_owned().unwrap());
                let child = Process::new(node, (depth - 1, format!("{path}{branch}"), copy));
                child.start().unwrap();
                child.join().unwrap();
                assert_eq!(child.exitcode().unwrap(), Some(0));
            }
        }
    }
    let told = told_by(Method::Spawn, |to| node((2, "r".to_string(), to)));
    assert_eq!(told, ("r r0 r00 r01 r1 r10 r11 ".to_string(), Some(0)));
}

#[test]
fn closing_gives_all_descriptors_back() {
    fn body(to: Descriptor) {
        for method in context::start_methods() {
            let run = || {
                let child = Process::empty().with_method(method);
                child.start().unwrap();
                child.join().unwrap();
                child.close().unwrap();
            };
            run();
            let before = descriptors().len();
            (0..20).for_each(|_| run());
            assert_eq!(descriptors().len(), before, "{method}");
        }
        tell(to, "even");
    }
    assert_eq!(told_by(Method::Spawn, body).0, "even");
}

#[test]
fn the_fork_server_is_replaced_when_it_has_died() {
    fn body(to: Descriptor) {
        let run = || {
            let child = Context::from(Method::ForkServer).process(|code: i64| -> () { exit::exit(code) }, 6);
            child.start().unwrap();
            child.join().unwrap();
            assert_eq!(child.exitcode().unwrap(), Some(6));
            context::forkserver_pid().unwrap()
        };
        let (first, again) = (run(), run());
        let first_pid = nix::unistd::Pid::from_raw(first);
        nix::sys::signal::kill(first_pid, nix::sys::signal::Signal::SIGKILL).unwrap();
        let second = run();
        tell(to, format!("{} {}", first == again, first == second));
    }
    assert_eq!(told_by(Method::Spawn, body), ("true false".to_string(), Some(0)));
}

#[test]
fn the_start_method_is_decided_once() {
    fn body(to: Descriptor) {
        assert_eq!(context::start_method(), Method::Spawn);
        context::force_start_method(None);
        assert_eq!(context::start_method_if_set(), None);
        context::set_start_method(Method::Fork).unwrap();
        let again = context::set_start_method(Method::Spawn);
        assert_eq!(again, Err(SetMethodError::AlreadySet(Method::Fork)));
        context::force_start_method(Some(Method::ForkServer));
        assert_eq!(context::get_context(None).unwrap().start_method(), Method::ForkServer);
        context::force_start_method(None);
        assert_eq!(context::start_method(), Method::Spawn);
        tell(to, "decided");
    }
    assert_eq!(told_by(Method::Spawn, body).0, "decided");
    assert_eq!(context::get_context(Some("x")).unwrap_err().asked, "x");
    let concrete = Context::from(Method::Fork);
    assert_eq!(concrete.get_context(None).unwrap(), concrete);
    assert_eq!(concrete.set_start_method(Method::Spawn), Err(SetMethodError::Fixed(Method::Fork)));
}

#[test]
fn another_program_is_executed_if_it_is_the_same_build() {
    fn body(to: Descriptor) {
        let run = |program: &std::path::Path| {
            context::set_executable(program);
            let child = Process::empty();
            child.start().map(|()| {
                child.join().unwrap();
                child.exitcode().unwrap()
            })
        };
        let directory = tempfile::tempdir().unwrap();
        let copy = directory.path().join("copy");
        std::fs::copy("/proc/self/exe", &copy).unwrap();
        assert_eq!(run(&copy).unwrap(), Some(0));
        assert_eq!(run("/bin/true".as_ref()).unwrap(), Some(0));
        let missing = run("/no/such/program".as_ref());
        assert!(matches!(missing, Err(StartError::Os(_))), "{missing:?}");
        tell(to, "done");
    }
    assert_eq!(told_by(Method::Spawn, body), ("done".to_string(), Some(0)));
}

#[test]
fn handlers_run_in_the_child_and_its_threads_are_waited_for() {
    fn body(to: Descriptor) {
        let by_handler = Descriptor::from(to.as_fd().try_clone_to_owned().unwrap());
        let (go, gone) = std::sync::mpsc::channel();
        exit::at_exit(move || tell(by_handler, "handler"));
        exit::thread(move || {
            gone.recv().unwrap();
            tell(to, "thread ");
        })
        .unwrap();
        go.send(()).unwrap();
    }
    for method in context::start_methods() {
        assert_eq!(told_by(method, body).0, "thread handler", "{method}");
    }
}

#[test]
fn standard_output_may_be_missing() {
    for method in context::start_methods() {
        let body = |_: Descriptor| {
            print!("lost");
            nix::unistd::close(1).unwrap();
        };
        assert_eq!(told_by(method, body).1, Some(0), "{method}");
    }
}
