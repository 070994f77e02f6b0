//! The agent against a scripted suite: whole runs of a tiny implementation, whose workers the agent
//! forks, of `threads` and of the reference. The agent is this same program, started again.

#[path = "agent/channels.rs"]
mod channels;
#[path = "agent/lifecycle.rs"]
mod lifecycle;
#[path = "agent/reference.rs"]
mod reference;
#[path = "agent/steps.rs"]
mod steps;
#[path = "agent/suite.rs"]
mod suite;
#[path = "agent/tiny.rs"]
mod tiny;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use procession::agent;
use procession_contract::{Body, Ending, Implementation, Objects, Ticket};

/// The body of every worker that is a process of `threads`.
struct Workers;

impl Body for Workers {
    fn work(ticket: Ticket, objects: Objects) -> Ending {
        let implementation = implementation(&ticket.implementation);
        agent::work(ticket, objects, implementation)
    }
}

fn implementation(name: &str) -> &'static dyn Implementation {
    match name {
        "tiny" => &tiny::Tiny,
        "reference" => procession_adapters::reference::implementation::<Workers>(),
        _ => procession_adapters::threads::implementation::<Workers>(),
    }
}

fn main() -> ExitCode {
    if std::env::var_os(procession::protocol::SOCKET).is_some() {
        let name = std::env::args().nth(1).unwrap_or_default();
        return agent::serve(&name, implementation(&name));
    }
    let tests: [(&str, fn()); _] = [
        ("every call has its records", steps::every_call_has_its_records),
        ("a gate holds until go", steps::a_gate_holds_until_go),
        ("errors end no worker", steps::errors_end_no_worker),
        ("the worker itself", steps::the_worker_itself),
        ("processes of the agent", steps::processes_of_the_agent),
        ("bodies end as they are told", lifecycle::bodies_end_as_they_are_told),
        ("a process waits for its threads", lifecycle::a_process_waits_for_its_threads),
        ("teardown ends what is blocked", lifecycle::teardown_ends_what_is_blocked),
        ("the agent ends with its connection", lifecycle::the_agent_ends_with_its_connection),
        ("what cannot be made is reported", lifecycle::what_cannot_be_made_is_reported),
        ("a wrong message is named", lifecycle::a_wrong_message_is_named),
        ("queues of threads", channels::queues),
        ("joinable queues of threads", channels::joinable_queues),
        ("pipes of threads", channels::pipes),
        ("processes of threads", channels::processes),
        ("connections of the reference", reference::connections),
        ("connections travel", reference::connections_travel),
        ("OS pipes and waiting", reference::os_pipes_and_waiting),
        ("pipelines", reference::pipelines),
        ("processes of the reference", reference::processes),
        ("queues of the reference", reference::queues),
        ("children outlast the steps of main", reference::children_outlast_the_steps_of_main),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name.replace(' ', "_"), move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}
