//! What adapter and workers say during a run: each message is checked against what may come now.

use super::attempt::Attempt;
use super::clock::now_ns;
use super::connection::Connection;
use super::proc;
use super::workers::{Peer, Worker};
use super::{Misbehaviour, RunError};
use crate::protocol::FromAdapter;

/// Takes in everything that has come since the last time; says whether there was anything.
///
/// # Errors
/// [`RunError::Adapter`] with the first wrong thing.
pub(super) fn hear(attempt: &mut Attempt) -> Result<bool, RunError> {
    // Who has ended is looked for before the connections are read: what it said came before its end,
    // so all of it has been heard when its end counts.
    let mut heard = look_for_ends(attempt);
    heard |= accept(attempt)?;
    heard |= name(attempt)?;
    for index in 0..attempt.workers.len() {
        let worker = &mut attempt.workers[index];
        if !worker.may_say_more() {
            continue;
        }
        heard |= hear_worker(worker).map_err(RunError::Adapter)?;
        heard |= worker.history.refresh().map_err(RunError::Adapter)?;
        worker.close_if_over();
    }
    heard |= hear_control(attempt).map_err(RunError::Adapter)?;
    Ok(heard)
}

/// Looks who has ended. Those that are found at once count as gone at the same time, because nothing
/// tells who was first; it is looked again until nobody new is found, so that a process that ended
/// before another one never counts as gone after it.
fn look_for_ends(attempt: &mut Attempt) -> bool {
    let mut found = Vec::new();
    loop {
        let before = found.len();
        for (index, worker) in attempt.workers.iter().enumerate() {
            if !found.contains(&index) && worker.has_just_gone() {
                found.push(index);
            }
        }
        if found.len() == before {
            break;
        }
    }
    let now = now_ns();
    for index in &found {
        if let Some(peer) = &mut attempt.workers[*index].peer {
            peer.gone_ns = Some(now);
        }
    }
    !found.is_empty()
}

fn accept(attempt: &mut Attempt) -> Result<bool, RunError> {
    let suite = |error: std::io::Error| RunError::Suite(format!("the suite's socket: {error}"));
    let mut heard = false;
    while let Some((stream, pid)) = attempt.open.accept().map_err(suite)? {
        let whose = format!("connection of process {pid}");
        attempt.unnamed.push(Peer::new(Connection::new(stream, whose).map_err(suite)?, pid));
        heard = true;
    }
    Ok(heard)
}

/// Finds out which workers the new connections are.
fn name(attempt: &mut Attempt) -> Result<bool, RunError> {
    let mut heard = false;
    for mut peer in std::mem::take(&mut attempt.unnamed) {
        peer.connection.pump().map_err(RunError::Adapter)?;
        match peer.connection.message().map_err(RunError::Adapter)? {
            Some((message, line)) => {
                heard = true;
                introduce(attempt, peer, message, &line).map_err(RunError::Adapter)?;
            }
            // Whoever connects and hangs up without a word (or is killed) was nobody.
            None if peer.connection.is_closed() => heard = true,
            None => attempt.unnamed.push(peer),
        }
    }
    Ok(heard)
}

fn introduce(
    attempt: &mut Attempt,
    mut peer: Peer,
    message: FromAdapter,
    line: &str,
) -> Result<(), Misbehaviour> {
    let wrong = |peer: &Peer, problem: String| Err(Misbehaviour::new(&peer.connection.whose, problem, line));
    let FromAdapter::Worker { run, name, tid } = message else {
        return wrong(&peer, "the first message is another one, expected `worker`".into());
    };
    check_run(&peer.connection.whose, "worker", &run, &attempt.run, line)?;
    let Some(worker) = attempt.workers.iter_mut().find(|worker| worker.name() == name) else {
        return wrong(&peer, format!("message `worker`, field `name`: there is no worker `{name}`"));
    };
    if worker.role.worker.bodiless {
        return wrong(&peer, format!("message `worker`, field `name`: worker `{name}` has no body"));
    }
    if worker.peer.is_some() {
        return wrong(&peer, format!("message `worker`, field `name`: worker `{name}` has connected before"));
    }
    let is_gone = peer.gone_ns.is_some() || peer.pidfd.as_ref().is_some_and(|pidfd| pidfd.is_gone());
    let thread = proc::thread_that_says(peer.pid, tid);
    if !is_gone && thread.is_none() {
        let pid = peer.pid;
        return wrong(&peer, format!("message `worker`, field `tid`: {tid} is no thread of process {pid}"));
    }
    if name == "main" && attempt.main_ended.is_some() && !is_gone {
        let pid = peer.pid;
        return wrong(
            &peer,
            format!("message `ended` came before, but the main worker's process {pid} is there"),
        );
    }
    peer.tid = thread.unwrap_or(tid);
    peer.connection.whose = format!("connection of worker `{name}`");
    worker.peer = Some(peer);
    Ok(())
}

fn hear_worker(worker: &mut Worker) -> Result<bool, Misbehaviour> {
    let Some(peer) = &mut worker.peer else { return Ok(false) };
    let was_closed = peer.connection.is_closed();
    peer.connection.pump()?;
    let mut heard = peer.connection.is_closed() != was_closed;
    while let Some((message, line)) = peer.connection.message()? {
        heard = true;
        let whose = &peer.connection.whose;
        let wrong = |problem: String| Err(Misbehaviour::new(whose, problem, &line));
        if worker.done {
            return wrong("a message after `done`, expected none".into());
        }
        if !worker.armed {
            return wrong("a message before `arm` was sent, expected none".into());
        }
        match message {
            FromAdapter::At { step } => {
                let step = usize::from(step);
                let gated = worker.role.lines.get(step).is_some_and(|line| !line.after.is_empty());
                if !gated {
                    return wrong(format!("message `at`, field `step`: step {step} has no gate"));
                }
                if let Some(waits_at) = worker.waits_at {
                    return wrong(format!("message `at` while it waits at step {waits_at} already"));
                }
                // What it did before was written before it said so.
                worker.history.refresh()?;
                let next = worker.history.calls().len();
                if worker.history.pending().is_some() || step != next {
                    return wrong(format!(
                        "message `at`, field `step`: {step}, expected {next} after the return of the step before"
                    ));
                }
                worker.waits_at = Some(step);
            }
            FromAdapter::Text { step, text } => {
                let step = usize::from(step);
                if step >= worker.role.lines.len() {
                    return wrong(format!("message `text`, field `step`: there is no step {step}"));
                }
                if worker.texts.insert(step, text).is_some() {
                    return wrong(format!("message `text`, field `step`: step {step} has had its text"));
                }
            }
            FromAdapter::Done {} => worker.done = true,
            FromAdapter::Hello { .. }
            | FromAdapter::Ended { .. }
            | FromAdapter::Clean { .. }
            | FromAdapter::Error { .. }
            | FromAdapter::Worker { .. } => {
                return wrong("a message that is not a worker's, expected `at`, `text` or `done`".into());
            }
        }
    }
    Ok(heard)
}

fn hear_control(attempt: &mut Attempt) -> Result<bool, Misbehaviour> {
    attempt.open.control.pump()?;
    let mut heard = false;
    while let Some((message, line)) = attempt.open.control.message()? {
        heard = true;
        let wrong = |problem: &str| Err(Misbehaviour::new("control connection", problem, &line));
        if attempt.main_ended.is_some() || attempt.error.is_some() {
            return wrong("a message after the end of the run was reported, expected none before `teardown`");
        }
        match message {
            FromAdapter::Ended { run, status } => {
                check_run("control connection", "ended", &run, &attempt.run, &line)?;
                look_for_ends(attempt);
                let gone_ns = match &attempt.workers[0].peer {
                    Some(Peer { gone_ns: None, pid, .. }) => {
                        return wrong(&format!(
                            "message `ended`, but the main worker's process {pid} is there"
                        ));
                    }
                    Some(peer) => peer.gone_ns,
                    None => None,
                };
                attempt.main_ended = Some((gone_ns.unwrap_or_else(now_ns), status));
            }
            FromAdapter::Error { run, what, detail } => {
                check_run("control connection", "error", &run, &attempt.run, &line)?;
                attempt.error = Some((what, detail));
            }
            FromAdapter::Clean { .. } => return wrong("message `clean` before `teardown` was sent"),
            FromAdapter::Hello { .. } => return wrong("message `hello` again, expected it once"),
            FromAdapter::Worker { .. }
            | FromAdapter::At { .. }
            | FromAdapter::Text { .. }
            | FromAdapter::Done {} => {
                return wrong("a worker's message, expected it on a connection of the worker's own");
            }
        }
    }
    Ok(heard)
}

/// After `teardown`: whether the adapter has said `clean`.
///
/// # Errors
/// [`RunError::Adapter`] if it says something that may not come now.
pub(super) fn hear_clean(attempt: &mut Attempt) -> Result<bool, RunError> {
    let control = &mut attempt.open.control;
    control.pump().map_err(RunError::Adapter)?;
    while let Some((message, line)) = control.message().map_err(RunError::Adapter)? {
        let (name, run, is_clean) = match &message {
            FromAdapter::Clean { run } => ("clean", run, true),
            // Said before it had read `teardown`.
            FromAdapter::Ended { run, .. } => ("ended", run, false),
            FromAdapter::Error { run, .. } => ("error", run, false),
            _ => {
                let problem = "another message after `teardown`, expected `clean`";
                return Err(RunError::Adapter(Misbehaviour::new("control connection", problem, &line)));
            }
        };
        check_run("control connection", name, run, &attempt.run, &line).map_err(RunError::Adapter)?;
        if is_clean {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_run(place: &str, message: &str, run: &str, expected: &str, line: &str) -> Result<(), Misbehaviour> {
    if run == expected {
        return Ok(());
    }
    let problem = format!("message `{message}`, field `run`: {run:?}, expected {expected:?}");
    Err(Misbehaviour::new(place, problem, line))
}
