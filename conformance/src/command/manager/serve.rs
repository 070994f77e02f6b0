//! `manager serve`: a server until somebody ends it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use procession_manager::Address;
use procession_manager::server::{Limits, Server, Settings};
use procession_wire::auth::{Digest, Digests, Generation};
use serde_json::json;

use super::amounts::amount;
use super::{Failure, key, place};
use crate::command::ListFormat;
use crate::command::output::say;

/// What `manager serve` is asked.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct ServeArgs {
    /// Where: a path (with a slash), @NAME in Linux's abstract namespace, or HOST:PORT over IPv4, which is not
    /// encrypted; port 0 for a free one [default: a path in a new directory of this user]
    #[arg(long, value_name = "ADDRESS", value_parser = place::address)]
    address: Option<Address>,
    /// The file with the key that clients must prove to know; a newline at its end is no part of it
    /// [default: the key in PROCESSION_AUTHKEY]
    #[arg(long, value_name = "FILE")]
    authkey_file: Option<PathBuf>,
    /// One object of this type for all who ask for it by this name; may be repeated
    #[arg(long, value_name = "NAME=TYPE", value_parser = name_and_type)]
    share: Vec<(String, String)>,
    /// With which digest clients prove the key, if they can: those of CPython up to 3.11 know MD5 only
    #[arg(long, value_enum, default_value_t = DigestArg::Sha256)]
    digest: DigestArg,
    /// Nobody proves the key with MD5: no CPython up to 3.11 can connect
    #[arg(long)]
    no_md5: bool,
    /// What is printed: the address as `unix:PATH`, `abstract:NAME` or `tcp:HOST:PORT`, or an object with that and
    /// with what Python's `SyncManager(address=…)` takes
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
    /// Ends also when standard input ends, or says anything: for a server that shall not outlive who started it
    #[arg(long)]
    end_with_stdin: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

const EXAMPLE: &str = "\
Example:
  (umask 077; head -c 32 /dev/urandom | base64 > key)
  procession manager serve --address ./socket --authkey-file key --share jobs=Queue

  from multiprocessing.managers import SyncManager       # from there, or from any other program
  SyncManager.register(\"jobs\")
  manager = SyncManager(\"./socket\", open(\"key\", \"rb\").read().rstrip(b\"\\n\"))
  manager.connect()
  manager.jobs().put(manager.list([1, 2, 3]))";

/// What clients may make it spend.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Connections at once
    #[arg(long, value_name = "N", value_parser = amount)]
    max_connections: Option<usize>,
    /// Connections at once that have not proved the key
    #[arg(long, value_name = "N", value_parser = amount)]
    max_unproved: Option<usize>,
    /// Sessions at once: each thread of a client has one
    #[arg(long, value_name = "N", value_parser = amount)]
    max_sessions: Option<usize>,
    /// Objects
    #[arg(long, value_name = "N", value_parser = amount)]
    max_objects: Option<usize>,
    /// Bytes of one message
    #[arg(long, value_name = "BYTES", value_parser = amount)]
    max_message: Option<usize>,
    /// Bytes of all objects together
    #[arg(long, value_name = "BYTES", value_parser = amount)]
    max_stored: Option<usize>,
    /// Bytes of one object
    #[arg(long, value_name = "BYTES", value_parser = amount)]
    max_object: Option<usize>,
    /// Elements of one object
    #[arg(long, value_name = "N", value_parser = amount)]
    max_elements: Option<usize>,
    /// How long a client may take to prove the key, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    handshake_seconds: Option<u64>,
    /// How long a client on another host may be out of reach before what it holds is given to others, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=32_767))]
    unreachable_seconds: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DigestArg {
    Md5,
    Sha256,
    Sha384,
    #[value(name = "sha3_256")]
    Sha3_256,
    #[value(name = "sha3_384")]
    Sha3_384,
}

fn name_and_type(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, of)) if !name.is_empty() => Ok((name.into(), of.into())),
        _ => Err(format!("expected NAME=TYPE, such as jobs=Queue, found {text:?}")),
    }
}

/// Serves until somebody ends it.
pub fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let settings = settings(args)?;
    let ends = ends(args.end_with_stdin)
        .map_err(|error| Failure::suite(format!("its end cannot be waited for: {error}")))?;
    raise_descriptor_limit();
    let wanted = settings.address.clone();
    let server = Server::bind(settings).map_err(|error| place::not_bound(&error, wanted.as_ref()))?;
    let address = server.address().clone();
    match args.format {
        ListFormat::Text => say(&address),
        ListFormat::Json => say(json!({
            "address": address.to_string(),
            "pid": std::process::id(),
            "python": place::in_python(&address),
        })),
    }
    server.serve_while(ends).map_err(|error| Failure::suite(format!("the server has ended: {error}")))
}

fn settings(args: &ServeArgs) -> Result<Settings, Failure> {
    let mut settings = Settings::new(key::key(args.authkey_file.as_deref())?);
    settings.address = args.address.clone();
    let digest = match args.digest {
        DigestArg::Md5 => Digest::Md5,
        DigestArg::Sha256 => Digest::Sha256,
        DigestArg::Sha384 => Digest::Sha384,
        DigestArg::Sha3_256 => Digest::Sha3_256,
        DigestArg::Sha3_384 => Digest::Sha3_384,
    };
    if args.no_md5 {
        if digest == Digest::Md5 {
            return Err(Failure::usage("--no-md5 and --digest md5 leave no digest; give one of them up"));
        }
        settings.handshake.digests = Digests::MODERN;
    }
    settings.handshake.generation = Generation::Modern(digest);
    for (name, of) in &args.share {
        settings.registry.share(name, of).map_err(|_| {
            Failure::unknown(
                "type",
                of,
                TYPES.iter().copied(),
                &format!("the types are {}", TYPES.join(", ")),
            )
        })?;
    }
    settings.limits = limits(&args.limits);
    Ok(settings)
}

/// What can be shared: the types of Python's SyncManager but Pool, which runs functions of Python.
const TYPES: [&str; 14] = [
    "list",
    "dict",
    "Namespace",
    "Value",
    "Array",
    "Queue",
    "JoinableQueue",
    "Lock",
    "RLock",
    "Semaphore",
    "BoundedSemaphore",
    "Condition",
    "Event",
    "Barrier",
];

fn limits(args: &LimitArgs) -> Limits {
    let mut limits = Limits::default();
    let set = |limit: &mut usize, to: Option<usize>| *limit = to.unwrap_or(*limit);
    set(&mut limits.connections, args.max_connections);
    set(&mut limits.unproved, args.max_unproved);
    set(&mut limits.sessions, args.max_sessions);
    set(&mut limits.objects, args.max_objects);
    set(&mut limits.message, args.max_message);
    set(&mut limits.stored, args.max_stored);
    set(&mut limits.quota.bytes, args.max_object);
    set(&mut limits.quota.elements, args.max_elements);
    if let Some(seconds) = args.handshake_seconds {
        limits.handshake = Duration::from_secs(seconds);
    }
    if let Some(seconds) = args.unreachable_seconds {
        limits.unreachable = Duration::from_secs(seconds);
    }
    limits
}

/// What ends it: each of these signals, from now on in no other way, and perhaps the end of standard input.
fn ends(with_stdin: bool) -> io::Result<Vec<OwnedFd>> {
    let mut signals = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|signal| signals.add(signal));
    // Before there are other threads, which inherit it.
    signals.thread_block()?;
    let told = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let mut ends = vec![told.as_fd().try_clone_to_owned()?];
    if with_stdin {
        ends.push(io::stdin().as_fd().try_clone_to_owned()?);
    }
    Ok(ends)
}

/// Lets the server have as many descriptors as this user may have: a connection needs two or three, and many
/// shells start programs with room for a thousand.
fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // With fewer it serves fewer clients at a time.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
