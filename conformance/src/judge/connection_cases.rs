//! Accepted and rejected histories of connections, written by hand.

use procession_contract::QueueLevel;
use rstest::rstest;

use super::{judge, notation};
use crate::program::Judge;
use crate::verdict::Verdict;

fn verdict(text: &str, judged: Judge, gets: &[(&str, &str)]) -> &'static str {
    let (mut program, history) = notation::read(text);
    for role in &mut program.roles {
        let given = gets.iter().filter(|(worker, _)| *worker == role.worker.name);
        role.worker.gets = Some(given.map(|(_, end)| (*end).to_owned()).collect());
    }
    match judge(&program.judge(judged), &history, &notation::manifest(QueueLevel::Conservation)) {
        Verdict::Fail(failure) => failure.kind.name(),
        other => other.name(),
    }
}

#[rstest]
#[case::in_order(
    "a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; b: recv@0 [1,7] -> 1; b: recv@0 [8,12] -> 2",
    "pass"
)]
#[case::both_ways(
    "a: send@1 1 [0,5] ok; a: recv@1 [6,20] -> 2; b: recv@0 [1,7] -> 1; b: send@0 2 [8,12] ok",
    "pass"
)]
#[case::under_way("a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; b: recv@0 [1,7] -> 1", "pass")]
#[case::swapped(
    "a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; b: recv@0 [1,7] -> 2; b: recv@0 [8,12] -> 1",
    "out-of-order"
)]
#[case::skipped("a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; b: recv@0 [1,7] -> 2", "lost")]
#[case::twice("a: send@1 1 [0,5] ok; b: recv@0 [1,7] -> 1; b: recv@0 [8,12] -> 1", "duplicated")]
#[case::damaged("a: send@1 1 [0,5] ok; b: recv@0 [1,7] -> 1!", "torn")]
#[case::invented("a: send@1 1 [0,5] ok; b: recv@0 [1,7] -> 3", "invented")]
#[case::foreseen("b: recv@0 [1,4] -> 1; a: send@1 1 [5,6] ok", "invented")]
#[case::end_after_all(
    "a: send@1 1 [0,5] ok; a: close@1 [6,7] ok; b: recv@0 [1,6] -> 1; b: recv@0 [7,9] eof; b: recv@0 [10,11] eof",
    "pass"
)]
#[case::end_at_death("a: send@1 1 [0,5] ok; a killed; b: recv@0 [1,6] -> 1; b: recv@0 [7,9] eof", "pass")]
#[case::end_before_the_close("b: recv@0 [1,6] eof; a: close@1 [8,9] ok", "wrong-outcome")]
#[case::end_before_the_last("a: send@1 1 [0,5] ok; a: close@1 [6,7] ok; b: recv@0 [7,9] eof", "lost")]
#[case::message_after_the_end(
    "a: send@1 1 [0,5] ok; a: close@1 [6,7] ok; b: recv@0 [7,9] eof; b: recv@0 [10,12] -> 1",
    "wrong-outcome"
)]
#[case::waits_for_a_message("a: send@1 1 [0,5] ok; b: recv@0 [1,; quiescent", "hang")]
#[case::waits_rightly(
    "a: send@1 1 [0,5] ok; a: recv@1 [6,; b: recv@0 [1,6] -> 1; b: recv@0 [7,; quiescent",
    "pass"
)]
#[case::waits_for_a_closed_end(
    "a: send@1 1 [0,5] ok; a: close@1 [6,7] ok; b: recv@0 [1,6] -> 1; b: recv@0 [7,; quiescent",
    "hang"
)]
#[case::nobody_to_send_to("b: close@0 [0,1] ok; a: send@1 1 [2,3] broken_pipe", "pass")]
#[case::somebody_to_send_to("a: send@1 1 [2,3] broken_pipe; b: close@0 [5,6] ok", "wrong-outcome")]
#[case::two_senders_in_turn(
    "a: send@1 1 [0,5] ok; c: send@1 2 [6,9] ok; b: recv@0 [10,11] -> 2; b: recv@0 [12,13] -> 1",
    "out-of-order"
)]
#[case::two_senders_at_once(
    "a: send@1 1 [0,9] ok; c: send@1 2 [6,9] ok; b: recv@0 [10,11] -> 2; b: recv@0 [12,13] -> 1",
    "pass"
)]
#[case::end_while_somebody_sends("a: send@1 1 [0,20] ok; b: recv@0 [1,5] eof", "wrong-outcome")]
#[case::nobody_to_send_to_while_somebody_receives(
    "a: send@1 1 [0,1] ok; a: send@1 2 [2,3] broken_pipe; b: recv@0 [1,20] -> 1",
    "wrong-outcome"
)]
#[case::a_killed_receiver_may_have_taken_one(
    "a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; d: recv@0 [1,; d killed; b: recv@0 [10,11] -> 2",
    "pass"
)]
#[case::a_killed_receiver_takes_no_more_than_one(
    "a: send@1 1 [0,5] ok; a: send@1 2 [6,7] ok; a: send@1 3 [8,9] ok; d: recv@0 [1,; d killed; b: recv@0 [10,11] -> 3",
    "out-of-order"
)]
#[case::a_receiver_killed_later_took_nothing(
    "a: send@1 1 [0,5] ok; a: close@1 [6,7] ok; b: recv@0 [8,9] eof; d: recv@0 [10,; d killed",
    "lost"
)]
#[case::waits_though_another_saw_the_end(
    "a: send@1 1 [0,5] ok; b: recv@0 [1,6] -> 1; b: recv@0 [7,9] eof; d: recv@0 [10,; quiescent",
    "hang"
)]
#[case::sends_though_another_found_nobody(
    "b: close@0 [0,1] ok; d died; a: send@1 1 [2,3] broken_pipe; c: send@1 2 [4,; quiescent",
    "hang"
)]
#[case::sender_and_receiver_wait_for_each_other("a: send@1 1 [0,; b: recv@0 [1,; quiescent", "hang")]
#[case::equal_messages(
    "a: send@1 1 [10,11] ok; c: send@1 1 [0,1] ok; b: recv@0 [2,3] -> 1; b: recv@0 [12,13] -> 1",
    "pass"
)]
fn order(#[case] text: &str, #[case] expected: &str) {
    let gets = [("a", "p.1"), ("c", "p.1"), ("b", "p.0"), ("d", "p.0")];
    assert_eq!(verdict(text, Judge::ConnectionOrder("p".into()), &gets), expected);
}

#[test]
fn who_keeps_both_ends_sees_no_end() {
    let text = "a: close@1 [0,1] ok; b: recv@0 [2,3] eof; b: recv@0 [4,5] eof";
    let gets = [("a", "p.1"), ("b", "p")];
    assert_eq!(verdict(text, Judge::ConnectionOrder("p".into()), &gets), "wrong-outcome");
}

#[rstest]
#[case::any_order_of_two(
    "a: send@1 1 [0,5] ok; c: send@1 2 [6,9] ok; b: recv@0 [10,11] -> 2; b: recv@0 [12,13] -> 1",
    "pass"
)]
#[case::one_senders_order(
    "a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; b: recv@0 [10,11] -> 2; b: recv@0 [12,13] -> 1",
    "out-of-order"
)]
#[case::two_receivers(
    "a: send@1 1 [0,5] ok; a: send@1 2 [6,9] ok; b: recv@0 [10,11] -> 2; d: recv@0 [12,13] -> 1",
    "pass"
)]
#[case::twice("a: send@1 1 [0,5] ok; b: recv@0 [1,11] -> 1; d: recv@0 [2,13] -> 1", "duplicated")]
#[case::damaged("a: send@1 1 [0,5] ok; b: recv@0 [1,11] -> 1!", "torn")]
#[case::invented("a: send@1 1 [0,5] ok; b: recv@0 [1,11] -> 3", "invented")]
#[case::waits_for_a_message("a: send@1 1 [0,5] ok; b: recv@0 [1,; quiescent", "hang")]
fn whole(#[case] text: &str, #[case] expected: &str) {
    let gets = [("a", "p.1"), ("c", "p.1"), ("b", "p.0"), ("d", "p.0")];
    assert_eq!(verdict(text, Judge::ConnectionWhole("p".into()), &gets), expected);
}
