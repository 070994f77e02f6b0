//! Accepted and rejected histories of expectations, of progress and of the run as a whole.

use procession_contract::{Answer, Call, Item, Outcome, QueueLevel, Scalar};
use rstest::rstest;

use super::{judge, notation};
use crate::history::{History, Returned, RunEnd, Starved, WorkerEnd};
use crate::program::build::{at, called, returned};
use crate::program::{Action, Expect, Judge, Program};
use crate::verdict::{FailureKind, Verdict};

/// `pass`, `unresolved`, `unsupported`, or the kind of the failure.
fn verdict(program: &Program, history: &History) -> &'static str {
    match judge(program, history, &notation::manifest(QueueLevel::LinearizableFifo)) {
        Verdict::Fail(failure) => {
            assert!(!failure.expected.is_empty() && !failure.actual.is_empty(), "{failure:?}");
            failure.kind.name()
        }
        other => other.name(),
    }
}

/// The history with this expectation on line `line` of worker `w1`; every line of the program is
/// labelled with its number.
fn expecting(text: &str, line: usize, expect: Expect) -> (Program, History) {
    let (mut program, history) = notation::read(text);
    for role in &mut program.roles {
        for (index, line) in role.lines.iter_mut().enumerate() {
            line.label = index.to_string();
        }
    }
    let role = program.roles.iter_mut().find(|role| role.worker.name == "w1").expect("there is a w1");
    role.lines[line].expect = Some(expect);
    (program, history)
}

const GOT_1: &str = "w1: get [1000000,60000000] -> 1; w2: put 1 [0,70000000] ok";

#[rstest]
#[case(Expect::Returns, "pass")]
#[case(Expect::Outcome(Outcome::Ok), "pass")]
#[case(Expect::Outcome(Outcome::Empty), "wrong-outcome")]
#[case(Expect::OneOf(vec![Outcome::Empty, Outcome::Ok]), "pass")]
#[case(Expect::Value(1), "pass")]
#[case(Expect::Value(2), "wrong-value")]
#[case(Expect::NotValue(1), "wrong-value")]
#[case(Expect::NotValue(2), "pass")]
#[case(Expect::AtLeast(1), "pass")]
#[case(Expect::AtLeast(2), "wrong-value")]
#[case(Expect::AtMost(1), "pass")]
#[case(Expect::AtMost(0), "wrong-value")]
#[case(Expect::Item(Item::int(1)), "pass")]
#[case(Expect::Item(Item::int(2)), "wrong-value")]
#[case(Expect::ItemAmong(vec![Item::int(2), Item::int(1)]), "pass")]
#[case(Expect::Answer(Outcome::Ok, 1, Item::int(1).expected().1), "pass")]
#[case(Expect::Answer(Outcome::Ok, 1, 0), "wrong-value")]
#[case(Expect::Answer(Outcome::Ok, 2, Item::int(1).expected().1), "wrong-value")]
#[case(Expect::Answer(Outcome::Empty, 1, Item::int(1).expected().1), "wrong-outcome")]
#[case(Expect::Reads(Scalar::Int(1)), "pass")]
#[case(Expect::Reads(Scalar::Int(2)), "wrong-value")]
#[case(Expect::Reads(Scalar::from("1")), "wrong-value")]
#[case(Expect::ReadsAll(Vec::new()), "pass")]
#[case(Expect::ReadsAll(vec![Scalar::Int(1)]), "wrong-value")]
#[case(Expect::Text("1".into()), "wrong-value")]
#[case(Expect::TookAtLeast(59), "pass")]
#[case(Expect::TookAtLeast(61), "pass")]
#[case(Expect::TookAtLeast(62), "too-early")]
#[case(Expect::TookAtMost(0), "pass")]
#[case(Expect::NotBeforeCallOf(at("w2", "0")), "pass")]
#[case(Expect::NotBeforeReturnOf(at("w2", "0")), "too-early")]
#[case(Expect::SameAs(at("w2", "0")), "wrong-value")]
#[case(Expect::DiffersFrom(at("w2", "0")), "pass")]
#[case(Expect::Plus(at("w2", "0"), 1), "wrong-value")]
#[case(Expect::SameAs(at("w1", "0")), "pass")]
#[case(Expect::PidOf("w2".into()), "unresolved")]
#[case(Expect::Blocked, "did-not-block")]
#[case(Expect::NotReached, "lifetime")]
#[case(Expect::All(vec![Expect::Returns, Expect::Value(2)]), "wrong-value")]
#[case(Expect::Any(vec![Expect::Value(2), Expect::Value(1)]), "pass")]
#[case(Expect::Any(vec![Expect::Value(2), Expect::Value(3)]), "wrong-value")]
fn an_answer_is_held_against_its_expectation(#[case] expect: Expect, #[case] expected: &str) {
    let (program, history) = expecting(GOT_1, 0, expect);
    assert_eq!(verdict(&program, &history), expected);
}

#[rstest]
#[case::damaged("w1: get [0,5] -> 1!; w2: put 1 [0,5] ok", Expect::Item(Item::int(1)), "torn")]
#[case::refused("w1: get [0,5] empty; w2: put 1 [0,5] ok", Expect::Item(Item::int(1)), "wrong-outcome")]
#[case::several("w1: getmany 2 [0,5] -> 1,2", Expect::Items(vec![Item::int(1), Item::int(2)]), "pass")]
#[case::in_order("w1: getmany 2 [0,5] -> 2,1", Expect::Items(vec![Item::int(1), Item::int(2)]), "wrong-value")]
#[case::values("w1: getmany 2 [0,5] -> 2,1", Expect::ItemValues(vec![2, 1]), "pass")]
#[case::hang("w1: get [0,; quiescent", Expect::Returns, "hang")]
#[case::blocked("w1: get [0,; quiescent", Expect::Blocked, "pass")]
#[case::perhaps_blocked("w1: get [0,; quiescent", Expect::Any(vec![Expect::Value(1), Expect::Blocked]), "pass")]
#[case::crashed("w1: get [0,; w1 died", Expect::Returns, "crashed")]
#[case::crashed_while_blocked("w1: get [0,; w1 died", Expect::Blocked, "crashed")]
#[case::killed_while_blocked("w1: get [0,; w1 killed", Expect::Blocked, "pass")]
#[case::killed("w1: get [0,; w1 killed", Expect::Returns, "unresolved")]
fn a_line_is_judged_by_what_became_of_it(#[case] text: &str, #[case] expect: Expect, #[case] expected: &str) {
    let (program, history) = expecting(text, 0, expect);
    assert_eq!(verdict(&program, &history), expected);
}

/// The history without the last call of `w1`, of whose line this is expected.
fn without_last_call(text: &str, expect: Expect) -> (Program, History) {
    let last = notation::read(text).0.roles[1].lines.len() - 1;
    let (program, mut history) = expecting(text, last, expect);
    history.workers[1].calls.pop();
    (program, history)
}

#[test]
fn a_line_behind_a_hang_blames_it() {
    let (program, mut history) =
        without_last_call("w1: get [0,; w1: put 1 [5,6] ok; quiescent", Expect::Returns);
    history.workers[1].end = WorkerEnd::Running;
    let Verdict::Fail(failure) = judge(&program, &history, &notation::manifest(QueueLevel::Conservation))
    else {
        panic!("no failure");
    };
    assert_eq!((failure.kind, failure.calls[0].clone()), (FailureKind::Hang, ("w1".to_owned(), 0)));
}

#[test]
fn a_line_behind_anothers_hang_blames_that() {
    let text = "w1: put 1 [5,6] ok; w2: get [0,; quiescent";
    let (mut program, mut history) = without_last_call(text, Expect::Returns);
    program.roles[1].lines[0].after = vec![returned("w2", "0")];
    history.workers[1].end = WorkerEnd::Running;
    let Verdict::Fail(failure) = judge(&program, &history, &notation::manifest(QueueLevel::Conservation))
    else {
        panic!("no failure");
    };
    assert_eq!((failure.kind, failure.calls[0].clone()), (FailureKind::Hang, ("w2".to_owned(), 0)));
}

#[rstest]
#[case(WorkerEnd::Died, "crashed")]
#[case(WorkerEnd::NotStarted, "unresolved")]
fn a_line_that_was_not_reached_is_no_pass(#[case] end: WorkerEnd, #[case] expected: &str) {
    let (program, mut history) = without_last_call("w1: put 1 [0,1] ok; w1: put 2 [5,6] ok", Expect::Returns);
    history.workers[1].end = end;
    assert_eq!(verdict(&program, &history), expected);
}

#[test]
fn what_was_not_reached_as_expected_passes() {
    let (program, mut history) =
        without_last_call("w1: get [0,; w1: put 1 [5,6] ok; quiescent", Expect::NotReached);
    history.workers[1].end = WorkerEnd::Running;
    // The get itself has no expectation and no judge: whether it may wait is open.
    assert_eq!(verdict(&program, &history), "unresolved");
    let program = program.judge(Judge::Conservation("q".into()));
    assert_eq!(verdict(&program, &history), "pass");
}

#[rstest]
#[case(500, 0, "pass")]
#[case(600, 0, "pass")]
#[case(601, 0, "too-late")]
#[case(601, 100, "pass")]
#[case(751, 100, "too-late")]
fn the_slack_grows_with_the_lag(#[case] took_ms: u64, #[case] lag_ms: u64, #[case] expected: &str) {
    let text = format!("w1: get [0,{}] empty", took_ms * 1_000_000);
    let (program, mut history) = expecting(&text, 0, Expect::TookAtMost(100));
    history.lag_ns = lag_ms * 1_000_000;
    assert_eq!(verdict(&program, &history), expected);
}

#[rstest]
#[case::all_of_it_during_the_call(&[(1, 0), (700, 500)], "pass")]
#[case::seen_after_the_return(&[(1, 0), (900, 500)], "pass")]
#[case::from_the_beginning(&[(700, 500)], "pass")]
#[case::too_little(&[(1, 0), (700, 300)], "too-late")]
#[case::before_the_call(&[(1, 0), (50, 500)], "too-late")]
#[case::after_the_return(&[(1, 0), (801, 0), (900, 500)], "too-late")]
#[case::the_suite_saw_none(&[], "too-late")]
fn what_was_waited_for_a_cpu_is_not_laid_at_the_call(
    #[case] starved_ms: &[(u64, u64)],
    #[case] expected: &str,
) {
    let text = "w1: get [100000000,800000000] empty";
    let (program, mut history) = expecting(text, 0, Expect::TookAtMost(100));
    let starved =
        |(at_ms, total_ms): &(u64, u64)| Starved { at_ns: at_ms * 1_000_000, total_ns: total_ms * 1_000_000 };
    history.starved = starved_ms.iter().map(starved).collect();
    assert_eq!(verdict(&program, &history), expected);
}

#[rstest]
#[case::broken(RunEnd::Broken("no adapter".into()), "w1: get [0,1] -> 1", Expect::Value(2), "unresolved")]
#[case::deadline(RunEnd::Deadline, "w1: get [0,1] -> 1", Expect::Value(1), "unresolved")]
#[case::deadline_with_proof(RunEnd::Deadline, "w1: get [0,1] -> 1", Expect::Value(2), "wrong-value")]
#[case::deadline_while_pending(RunEnd::Deadline, "w1: get [0,", Expect::Value(2), "unresolved")]
fn the_end_of_the_run_limits_what_is_known(
    #[case] end: RunEnd,
    #[case] text: &str,
    #[case] expect: Expect,
    #[case] expected: &str,
) {
    let (program, mut history) = expecting(text, 0, expect);
    history.end = end;
    assert_eq!(verdict(&program, &history), expected);
}

#[test]
fn a_fault_that_did_not_happen_leaves_it_open_whatever_else_was_seen() {
    let (program, history) = expecting(GOT_1, 0, Expect::Value(2));
    let program = program.fault("w2", Action::Kill, [called("w2", "0")]);
    assert_eq!(verdict(&program, &history), "unresolved");
}

#[test]
fn a_fault_kept_from_happening_by_a_hang_accuses_the_hang() {
    let (program, history) = expecting("w1: get [0,; w2: put 1 [0,5] ok; quiescent", 0, Expect::Returns);
    let program = program.fault("w2", Action::Kill, [returned("w1", "0")]);
    assert_eq!(verdict(&program, &history), "hang");
}

#[rstest]
#[case::claimed(Call::Get { block: true, timeout_ms: None }, Outcome::Unsupported, "false-claim")]
#[case::not_claimed(Call::Qsize, Outcome::Unsupported, "unsupported")]
#[case::other(Call::Qsize, Outcome::Other, "wrong-outcome")]
fn answers_are_held_against_the_manifest(
    #[case] call: Call,
    #[case] outcome: Outcome,
    #[case] expected: &str,
) {
    let (mut program, mut history) = notation::read("w1: get [0,1] -> 1");
    program.roles[1].lines[0].step.call = call;
    history.workers[1].calls[0].returned = Some(Returned { at_ns: 1, answer: Answer::error(outcome, "odd") });
    assert_eq!(verdict(&program, &history), expected);
}

#[test]
fn a_history_of_another_program_is_unresolved() {
    let (_, history) = notation::read("w1: get [0,1] -> 1; w1: get [2,3] -> 2");
    let (program, _) = notation::read("w1: get [0,1] -> 1");
    assert_eq!(verdict(&program, &history), "unresolved");
}

#[rstest]
#[case(Judge::MainEnded(0), "pass")]
#[case(Judge::MainEnded(1), "wrong-value")]
#[case(Judge::GoneWithMain("w1".into(), 50), "pass")]
#[case(Judge::GoneWithMain("w1".into(), 5), "lifetime")]
#[case(Judge::GoneWithMain("w2".into(), 5), "lifetime")]
#[case(Judge::OutlivesMain("w1".into()), "pass")]
#[case(Judge::OutlivesMain("main".into()), "lifetime")]
#[case(Judge::Finished("w1".into()), "pass")]
#[case(Judge::Finished("w3".into()), "crashed")]
#[case(Judge::StderrContains("Error: b".into()), "pass")]
#[case(Judge::StderrContains("panic".into()), "wrong-value")]
#[case(Judge::StderrFirstLine("a".into()), "pass")]
#[case(Judge::StderrFirstLine("b".into()), "wrong-value")]
#[case(Judge::StderrEmpty, "wrong-value")]
#[case(Judge::Stdout(vec!["x".into(), "y".into()]), "pass")]
#[case(Judge::Stdout(vec!["x".into()]), "wrong-value")]
#[case(Judge::StdoutHas("y".into()), "pass")]
#[case(Judge::StdoutHas("z".into()), "wrong-value")]
#[case(Judge::Overlap(at("w1", "0"), at("w2", "0")), "pass")]
#[case(Judge::Overlap(at("w1", "0"), at("w1", "1")), "hang")]
#[case(Judge::Precedes(at("w1", "0"), at("w1", "1")), "pass")]
#[case(Judge::Precedes(at("w1", "0"), at("w2", "0")), "too-early")]
#[case(Judge::ExactlyOne(Outcome::Ok, vec![at("w1", "0")]), "pass")]
#[case(Judge::ExactlyOne(Outcome::Ok, vec![at("w1", "0"), at("w2", "0")]), "wrong-outcome")]
#[case(Judge::ExactlyOne(Outcome::Empty, vec![at("w1", "0"), at("w2", "0")]), "wrong-outcome")]
#[case(Judge::NothingLeft, "leak")]
fn a_run_is_judged_as_a_whole(#[case] whole: Judge, #[case] expected: &str) {
    let text = "w1: put 1 [0,10] ok; w1: put 2 [20,30] ok; w2: put 3 [5,15] ok; w3: put 4 [0,1] ok; w3 died; \
                w1 gone 40000000; main gone 20000000";
    let (program, mut history) = expecting(text, 0, Expect::Returns);
    history.main_ended = Some((20_000_000, 0));
    history.stderr = "a\nError: b\n".into();
    history.stdout = "x\ny\n".into();
    history.left = vec!["/dev/shm/forgotten".into()];
    assert_eq!(verdict(&program.judge(whole), &history), expected);
}
