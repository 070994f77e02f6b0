//! Opening sessions that cannot be opened, and several side by side.

use std::ops::ControlFlow;

use libtest_mimic::Trial;
use procession::history::RunEnd;
use procession::program::Program;
use procession::program::build::*;
use procession::run::{
    AdapterCommand, Event, Job, Pool, RunError, RunOptions, Session, SessionError, SessionOptions,
};
use procession_contract::Method;

use super::adapters::misbehaving;
use super::{command, run, session, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_command_that_does_not_exist", a_command_that_does_not_exist),
        trial("a_program_that_becomes_no_warden", a_program_that_becomes_no_warden),
        trial("a_program_that_cannot_be_run", a_program_that_cannot_be_run),
        trial("a_pool_does_every_job_once", a_pool_does_every_job_once),
        trial("a_pool_ends_when_it_is_told_to", a_pool_ends_when_it_is_told_to),
        trial("a_pool_gives_up_an_adapter_that_never_opens", a_pool_gives_up),
    ]
}

fn a_command_that_does_not_exist() {
    let command = AdapterCommand { argv: vec!["/nonexistent/adapter".into()], ..command("") };
    match Session::open(&command, &SessionOptions::default()) {
        Err(SessionError::NotStarted(reason)) => assert!(reason.contains("/nonexistent/adapter"), "{reason}"),
        other => panic!("expected that it was not started, found {other:?}"),
    }
}

fn a_program_that_becomes_no_warden() {
    let options = SessionOptions { warden: Some("/bin/true".into()), ..SessionOptions::default() };
    match Session::open(&command(""), &options) {
        Err(SessionError::Suite(reason)) => assert!(reason.contains("run::warden_main()"), "{reason}"),
        other => panic!("expected that it says what to call, found {other:?}"),
    }
}

fn a_program_that_cannot_be_run() {
    let mut session = session();
    let program = Program::new().main([sleep(1).after(ended("nobody"))]);
    let error = run(&mut session, &program).expect_err("there is no such worker");
    assert!(matches!(&error, RunError::Program(reason) if reason.contains("`nobody`")), "{error}");
    assert!(session.is_open(), "the adapter has done nothing wrong");
}

fn job(misbehaviour: &str, alone: bool) -> Job {
    let program = Program { alone, ..misbehaving(misbehaviour, 1) };
    Job { program, method: Method::Spawn, options: RunOptions::default() }
}

fn a_pool_does_every_job_once() {
    let mut pool = Pool::open(&command(""), &SessionOptions::default(), 2).expect("the adapter is sound");
    assert_eq!(pool.manifest().name, "fake");
    let jobs =
        [job("", false), job("", true), job("crash", false), job("", false), job("", true), job("", false)];
    let mut events = Vec::new();
    pool.run(&jobs, |event| {
        events.push(event);
        ControlFlow::Continue(())
    });
    for (index, job) in jobs.iter().enumerate() {
        let results = events.iter().filter_map(|event| match event {
            Event::Finished { job, result } if *job == index => Some(result),
            _ => None,
        });
        let [result] = &results.collect::<Vec<_>>()[..] else {
            panic!("job {index} has not one result: {events:?}")
        };
        match result.as_ref() {
            Ok(history) => assert_eq!(history.end, RunEnd::Completed),
            Err(RunError::Adapter(_)) => {
                assert_eq!(job.program.roles[0].worker.process_name.as_deref(), Some("crash"))
            }
            Err(other) => panic!("job {index}: {other}"),
        }
    }
    let of = |event: &Event| match event {
        Event::Started { job } => (*job, false),
        Event::Finished { job, .. } => (*job, true),
    };
    let last: Vec<_> = events[8..].iter().map(of).collect();
    assert_eq!(
        last,
        [(1, false), (1, true), (4, false), (4, true)],
        "those that run alone come last, one by one"
    );
}

fn a_pool_ends_when_it_is_told_to() {
    let mut pool = Pool::open(&command(""), &SessionOptions::default(), 1).expect("the adapter is sound");
    let jobs = vec![job("", false); 50];
    let mut finished = 0;
    pool.run(&jobs, |event| match event {
        Event::Started { .. } => ControlFlow::Continue(()),
        Event::Finished { .. } => {
            finished += 1;
            ControlFlow::Break(())
        }
    });
    assert_eq!(finished, 1);
}

fn a_pool_gives_up() {
    // Sound the first time it is started, and never again.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mark = directory.path().join("mark");
    let exe = std::env::current_exe().expect("this program has a path");
    let line = format!("mkdir {} || exit 4; exec {} {} ''", mark.display(), exe.display(), super::fake::ROLE);
    let argv = ["sh", "-c", &line].map(Into::into).into();
    let command = AdapterCommand { argv, ..command("") };
    let mut pool = Pool::open(&command, &SessionOptions::default(), 1).expect("the first start is sound");
    let mut errors = Vec::new();
    pool.run(&vec![job("crash", false); 6], |event| {
        if let Event::Finished { result, .. } = event {
            errors.push(result.expect_err("none can succeed"));
        }
        ControlFlow::Continue(())
    });
    assert!(matches!(&errors[0], RunError::Adapter(_)), "{}", errors[0]);
    for error in &errors[1..4] {
        assert!(error.to_string().contains("ended with status 4"), "{error}");
    }
    for error in &errors[4..] {
        assert!(matches!(error, RunError::Session(SessionError::NotStarted(_))), "{error}");
    }
}
