//! `manager serve`: who can use it, how it ends, and what it says where it cannot serve; and `manager soak`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procession_manager::{Address, CallError, Key, Remote};
use serde_json::Value;
use tempfile::TempDir;

use super::{Said, command, directory, procession, pythons, said, snapshot, told, trial};

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("help_of_the_manager_is_as_before", help),
        trial("serve_ends_with_sigint", || ends_with(Signal::SIGINT)),
        trial("serve_ends_with_sigterm", || ends_with(Signal::SIGTERM)),
        trial("serve_ends_when_a_client_asks", ends_when_asked),
        trial("serve_listens_where_it_is_told", listens_where_told),
        trial("serve_keeps_its_limits", keeps_its_limits),
        trial("serve_says_why_it_cannot_listen", cannot_listen),
        trial("serve_says_what_is_wrong_with_the_key", wrong_key),
        trial("soak_finds_nothing_left", soak),
    ];
    trials.extend(pythons::plain(6.., &[("serve_serves_python", serves_python)]));
    trials
}

fn help() {
    snapshot!("help_manager", told(&["manager", "--help"]));
    snapshot!("help_manager_serve", told(&["manager", "serve", "--help"]));
    snapshot!("help_manager_soak", told(&["manager", "soak", "--help"]));
}

const KEY: &str = "open sesame";

/// A server that runs, with a key file beside its socket. It ends with the test, also when that fails.
struct Serving {
    child: Child,
    line: String,
    /// Where its files are.
    directory: TempDir,
}

impl Serving {
    fn start(arguments: &[&str]) -> Serving {
        let directory = directory();
        let key = key_file(directory.path(), &format!("{KEY}\n"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_procession"))
            .args(["manager", "serve", "--authkey-file"])
            .arg(&key)
            .args(arguments)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command can be started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is text");
        Serving { child, line: line.trim_end().to_owned(), directory }
    }

    fn remote(&self) -> Remote {
        let address: Address = self.line.parse().expect("an address in a line");
        Remote::connect(address, Key::new(KEY).expect("it has letters")).expect("it serves")
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it is our child");
    }

    /// Waits for its end: how it ended, and what it said.
    fn ended(&mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
        (self.child.wait().expect("it is our child"), said)
    }

    fn ends_well(&mut self) {
        let (status, said) = self.ended();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
        if let Ok(Address::Unix(path)) = self.line.parse() {
            assert!(!path.exists(), "{} is left", path.display());
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn key_file(directory: &Path, content: &str) -> PathBuf {
    let path = directory.join("key");
    fs::write(&path, content).expect("the directory is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    path
}

fn ends_with(signal: Signal) {
    let mut serving = Serving::start(&[]);
    let Ok(Address::Unix(path)) = serving.line.parse() else { panic!("{}", serving.line) };
    let remote = serving.remote();
    let list = remote.list(&[1, 2]).expect("it serves");
    assert_eq!(list.to_vec().expect("it serves"), [1, 2]);
    serving.signal(signal);
    serving.ends_well();
    assert!(!path.parent().expect("a directory of its own").exists());
    assert!(matches!(list.len(), Err(CallError::ServerGone)));
}

fn ends_when_asked() {
    let mut serving = Serving::start(&["--address", "./socket"]);
    // As it is found from any directory.
    let path = serving.directory.path().canonicalize().expect("it is there").join("socket");
    assert_eq!(serving.line, format!("unix:{}", path.display()));
    serving.remote().shutdown().expect("it serves");
    serving.ends_well();
}

fn listens_where_told() {
    let name = format!("@procession-{}", std::process::id());
    for (at, begins) in [("127.0.0.1:0", "tcp:127.0.0.1:"), (&name, &name.replace('@', "abstract:"))] {
        let mut serving = Serving::start(&["--address", at, "--share", "jobs=Queue"]);
        assert!(serving.line.starts_with(begins), "{}", serving.line);
        let (one, other) = (serving.remote(), serving.remote());
        let () = one.create("jobs", (), ()).expect("it is shared").get("put", (7,)).expect("there is room");
        let got: i64 = other.create("jobs", (), ()).expect("it is shared").get("get", ()).expect("an item");
        assert_eq!(got, 7);
        let wrong = Remote::connect(one.address().clone(), Key::new("close sesame").expect("it has letters"));
        assert!(matches!(wrong, Err(CallError::KeyRefused(_))), "{wrong:?}");
        drop((one, other));
        serving.signal(Signal::SIGTERM);
        serving.ends_well();
    }
    let mut serving = Serving::start(&["--address", "127.0.0.1:0", "--format", "json"]);
    let told: Value = serde_json::from_str(&serving.line).expect("an object");
    assert_eq!(told["pid"], serving.child.id());
    let port = told["python"][1].as_u64().expect("a port");
    assert_eq!(told["address"], format!("tcp:127.0.0.1:{port}"));
    serving.signal(Signal::SIGHUP);
    serving.ends_well();
}

fn keeps_its_limits() {
    let serving =
        Serving::start(&["--max-objects", "2", "--max-elements", "1K", "--digest", "sha3_256", "--no-md5"]);
    let remote = serving.remote();
    let (list, _event) = (remote.list(&[0]).expect("the first"), remote.event().expect("the second"));
    let third = remote.event().expect_err("one too many");
    assert!(third.to_string().contains("the server holds 2 objects, and allows no more"), "{third}");
    let long = list.extend(&[0; 1024]).expect_err("one too many");
    assert!(long.is("MemoryError"), "{long}");
}

/// What it says on standard error when it does not serve.
fn refused(arguments: &[&str], key: Option<&Path>, status: i32) -> String {
    let mut command = command(&["manager", "serve"]);
    if let Some(key) = key {
        command.arg("--authkey-file").arg(key);
    }
    let Said { out, err, status: found } = said(command.args(arguments));
    assert_eq!((found, out.as_str()), (Some(status), ""), "{err}");
    err
}

fn cannot_listen() {
    let mut serving = Serving::start(&["--address", "127.0.0.1:0"]);
    let key = key_file(serving.directory.path(), KEY);
    let taken = serving.line.strip_prefix("tcp:").expect("a port").to_owned();
    let at = |place: &Path| place.display().to_string();
    let beside = |name: &str| at(&serving.directory.path().join(name));
    let taken = refused(&["--address", &taken], Some(&key), 3);
    assert!(taken.contains("is in use; somebody else listens at this port"), "{taken}");
    let file = refused(&["--address", &at(&key)], Some(&key), 3);
    assert!(file.contains("is a file that is no socket; choose another path"), "{file}");
    let missing = refused(&["--address", &beside("no/socket")], Some(&key), 3);
    assert!(missing.contains("make the directory first"), "{missing}");
    let elsewhere = refused(&["--address", "192.0.2.1:0"], Some(&key), 3);
    assert!(elsewhere.contains("no interface of this machine has this address"), "{elsewhere}");
    // A server that is killed leaves its socket.
    let socket = beside("socket");
    let mut killed = Serving::start(&["--address", &socket]);
    let busy = refused(&["--address", &socket], Some(&key), 3);
    assert!(busy.contains("somebody else listens there; choose another path"), "{busy}");
    killed.signal(Signal::SIGKILL);
    killed.ended();
    let stale = refused(&["--address", &socket], Some(&key), 3);
    assert!(
        stale.contains(&format!(
            "nobody listens there: a server that was killed has left it, and `rm {socket}`"
        ))
    );
    serving.signal(Signal::SIGTERM);
    serving.ends_well();
}

fn wrong_key() {
    let directory = directory();
    let none = refused(&[], None, 64);
    assert!(none.contains("--authkey-file key") && none.contains("PROCESSION_AUTHKEY"), "{none}");
    let missing = refused(&[], Some(&directory.path().join("key")), 64);
    assert!(missing.contains("No such file") && missing.contains("head -c 32 /dev/urandom"), "{missing}");
    let empty = refused(&[], Some(&key_file(directory.path(), "\n")), 64);
    assert!(empty.contains("is empty"), "{empty}");
    let Said { err, status, .. } = said(command(&["manager", "serve"]).env("PROCESSION_AUTHKEY", ""));
    assert!(status == Some(64) && err.contains("PROCESSION_AUTHKEY is empty"), "{err}");
    let open = key_file(directory.path(), KEY);
    let unknown = refused(&["--share", "jobs=Queu"], Some(&open), 64);
    assert!(unknown.contains("\"Queue\"") && unknown.contains("the types are list, dict"), "{unknown}");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("the file is ours");
    let warned = refused(&["--address", "/"], Some(&open), 3);
    assert!(warned.contains("`chmod 600 ") && !warned.contains(KEY), "{warned}");
}

fn soak() {
    let said = procession(&["manager", "soak", "--seconds", "2", "--clients", "2"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{}", said.out);
    let last = said.out.lines().last().expect("it says something");
    let killed = last.strip_prefix("nothing remained of ").and_then(|rest| rest.split(' ').next());
    let killed: u64 = killed.and_then(|number| number.parse().ok()).expect(last);
    assert!(killed >= 2, "{}", said.out);
}

/// A script in Python that uses nothing but `multiprocessing.managers`.
fn serves_python(interpreter: &str) -> Result<(), Failed> {
    let mut serving = Serving::start(&["--address", "./socket", "--share", "jobs=Queue"]);
    let output = Command::new(interpreter)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/client.py"))
        .current_dir(serving.directory.path())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
    serving.ends_well();
    Ok(())
}
