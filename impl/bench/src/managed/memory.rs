//! What a server's memory grows by for each connection, and for each object.

use std::path::Path;
use std::sync::atomic::Ordering;

use procession_manager::{Address, ConnectOptions, Remote, Stream, connect_stream};
use procession_wire::message::Request;
use procession_wire::value::Id;
use procession_wire::{Builder, Text, pickle};

use super::Server;
use super::scene::{Scene, key};
use crate::link::complaint;
use crate::run::{Run, Trouble};

/// What there is so many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Connections through which an object was called once.
    Connections,
    /// Empty lists.
    Objects,
}

impl Counted {
    /// So many are made, so that what one takes shows beside the pages and pools that memory comes in.
    fn number(self) -> usize {
        match self {
            Counted::Connections => 128,
            Counted::Objects => 1024,
        }
    }
}

/// The bytes by which the server's resident set grows for each.
pub fn each(run: &Run, python: &Path, server: Server, counted: Counted) -> Result<f64, Trouble> {
    let mut scene = Scene::open(run, python, server)?;
    let (remote, pid) = (scene.remote().clone(), scene.server_pid());
    scene.fork(|stage| {
        let list = remote.list(&[1]).map_err(complaint)?;
        let ident = list.proxy().ident().to_string();
        // What the first one costs is not what each costs.
        let mut streams = vec![session(remote.address(), &ident)?];
        if !stage.line_up(0) {
            return Ok(());
        }
        let before = resident(pid)?;
        for _ in 0..counted.number() {
            match counted {
                Counted::Connections => streams.push(session(remote.address(), &ident)?),
                Counted::Objects => keep(&remote)?,
            }
        }
        let grown = resident(pid)?.saturating_sub(before);
        let each = grown as f64 / counted.number() as f64;
        stage.lanes[0].value.store(each.to_bits(), Ordering::Release);
        Ok(())
    })?;
    scene.start(run, 1);
    scene.wait_for_clients(run)?;
    let each = f64::from_bits(scene.stage().lanes[0].value.load(Ordering::Acquire));
    scene.close().map(|()| each)
}

/// Creates an object that stays as long as this process.
fn keep(remote: &Remote) -> Result<(), String> {
    remote.list::<i64>(&[]).map(std::mem::forget).map_err(complaint)
}

/// A connection on which the object was called once.
fn session(address: &Address, ident: &str) -> Result<Stream, String> {
    let mut stream = connect_stream(address, &ConnectOptions::from(key())).map_err(complaint)?;
    ask(&mut stream, None, "accept_connection", |builder| builder.str("bench"))?;
    ask(&mut stream, Some(ident), "__getitem__", |builder| builder.int(0))?;
    Ok(stream)
}

fn ask(
    stream: &mut Stream,
    ident: Option<&str>,
    method: &str,
    argument: impl FnOnce(&mut Builder) -> Id,
) -> Result<(), String> {
    let mut builder = Builder::new();
    let argument = argument(&mut builder);
    let root = Request::add(&mut builder, ident.map(Text::from), method, &[argument], &[]);
    let request = pickle::write(&builder.finish(root)).map_err(complaint)?;
    stream.send(&request, None).map_err(complaint)?;
    let reply = stream.receive(1 << 20, None).map_err(complaint)?;
    match reply.windows(7).any(|part| part == b"#RETURN") {
        true => Ok(()),
        false => Err(format!("{method} gave {:?}", String::from_utf8_lossy(&reply))),
    }
}

/// The resident set of a process, in bytes.
fn resident(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let field = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = field.and_then(|field| field.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kibibytes.map(|number| number * 1024).ok_or_else(|| format!("{path} has no VmRSS in kB"))
}
