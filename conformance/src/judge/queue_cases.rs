//! Accepted and rejected histories of queues, written by hand.

use procession_contract::QueueLevel;
use rstest::rstest;

use super::{judge, measure, notation};
use crate::program::Judge;
use crate::verdict::{FailureKind, Verdict};

fn kind_of(text: &str, queue_judge: Judge, claimed: QueueLevel) -> Option<FailureKind> {
    let (program, history) = notation::read(text);
    match judge(&program.judge(queue_judge), &history, &notation::manifest(claimed)) {
        Verdict::Pass => None,
        Verdict::Fail(failure) => Some(failure.kind),
        other => panic!("neither passed nor failed: {other:?}"),
    }
}

#[rstest]
#[case::order("w1: put 1 [0,10] ok; w1: put 2 [11,20] ok; w2: get [5,30] -> 1; w2: get [31,40] -> 2", None)]
#[case::still_in_it("w1: put 1 [0,10] ok", None)]
#[case::twice(
    "w1: put 1 [0,10] ok; w2: get [5,20] -> 1; w2: get [21,30] -> 1",
    Some(FailureKind::Duplicated)
)]
#[case::damaged("w1: put 1 [0,10] ok; w2: get [5,20] -> 1!", Some(FailureKind::Torn))]
#[case::invented("w1: put 1 [0,10] ok; w2: get [5,20] -> 3", Some(FailureKind::Invented))]
#[case::foreseen("w2: get [5,9] -> 1; w1: put 1 [10,20] ok", Some(FailureKind::Invented))]
#[case::refused_yet_taken("w1: put 1 [0,10] full; w2: get [5,20] -> 1", Some(FailureKind::Invented))]
#[case::waits_for_nothing("w1: put 1 [0,10] ok; w2: get [5,; quiescent", Some(FailureKind::Hang))]
#[case::waits_rightly("w1: put 1 [0,10] ok; w2: get [5,20] -> 1; w2: get [21,; quiescent", None)]
#[case::waits_for_room_in_the_unbounded("w1: put 1 [0,; quiescent", Some(FailureKind::Hang))]
#[case::a_killed_taker_may_have_it(
    "w1: put 1 [0,10] ok; w2: get [5,; w2 killed; w3: get [12,; quiescent",
    None
)]
#[case::a_killed_producer_may_lose_it("w1: put 1 [0,10] ok; w1 killed; w3: get [12,; quiescent", None)]
#[case::a_killed_put_counts("w1: put 1 [0,; w1 killed; w3: get [12,20] -> 1", None)]
#[case::found_empty_after_all_were_gone(
    "w1: put 1 [0,10] ok; w1 gone 12; w2: get [15,20] empty",
    Some(FailureKind::Lost)
)]
#[case::found_empty_while_the_producer_lives("w1: put 1 [0,10] ok; w2: get [15,20] empty", None)]
#[case::found_empty_beside_another_get(
    "w1: put 1 [0,10] ok; w1 gone 12; w2: get [15,20] empty; w3: get [14,30] empty",
    None
)]
#[case::too_many("w1: put 1,2,3 [0,10] ok 3; w2: getmany 2 [5,20] -> 1,2,3", Some(FailureKind::WrongValue))]
fn conservation(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Conservation("q".into()), QueueLevel::Conservation), expected);
}

#[rstest]
#[case::in_order(
    "w1: put 1 [0,10] ok; w1: put 2 [11,20] ok; w2: get [5,30] -> 1; w2: get [31,40] -> 2",
    None
)]
#[case::swapped(
    "w1: put 1 [0,10] ok; w1: put 2 [11,20] ok; w2: get [5,30] -> 2; w2: get [31,40] -> 1",
    Some(FailureKind::OutOfOrder)
)]
#[case::other_producers_may_pass(
    "w1: put 1 [0,10] ok; w3: put 2 [11,20] ok; w2: get [25,30] -> 2; w2: get [31,40] -> 1",
    None
)]
#[case::other_consumers_do_not_count(
    "w1: put 1 [0,10] ok; w1: put 2 [11,20] ok; w2: get [25,30] -> 2; w3: get [31,40] -> 1",
    None
)]
#[case::within_one_call(
    "w1: put 1,2 [0,10] ok 2; w2: getmany 2 [5,30] -> 2,1",
    Some(FailureKind::OutOfOrder)
)]
fn producer_fifo(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::ProducerFifo("q".into()), QueueLevel::Conservation), expected);
}

#[rstest]
#[case::overlapping_puts(
    0,
    "w1: put 1 [0,10] ok; w2: put 2 [0,10] ok; w3: get [11,12] -> 2; w3: get [13,14] -> 1",
    None
)]
#[case::equal_stamps_overlap(
    0,
    "w1: put 1 [0,10] ok; w2: put 2 [10,20] ok; w3: get [21,22] -> 2; w3: get [23,24] -> 1",
    None
)]
#[case::passed_over(
    0,
    "w1: put 1 [0,9] ok; w2: put 2 [10,20] ok; w3: get [21,22] -> 2; w3: get [23,24] -> 1",
    Some(FailureKind::NotLinearizable)
)]
#[case::never_taken(
    0,
    "w1: put 1 [0,9] ok; w2: put 2 [10,20] ok; w3: get [21,22] -> 2",
    Some(FailureKind::NotLinearizable)
)]
#[case::empty_at_the_edge(0, "w1: put 1 [0,9] ok; w2: get [5,9] empty", None)]
#[case::emptied_at_the_same_moment(
    0,
    "w1: put 1 [0,9] ok; w2: get [10,20] empty; w3: get [20,30] -> 1",
    None
)]
#[case::not_empty(0, "w1: put 1 [0,9] ok; w2: get [10,20] empty", Some(FailureKind::NotLinearizable))]
#[case::never_empty_by_two(
    0,
    "w1: put 1 [0,9] ok; w1: put 2 [12,14] ok; w2: get [10,30] empty; w3: get [16,18] -> 1; w3: get [40,50] -> 2",
    Some(FailureKind::NotLinearizable)
)]
#[case::empty_between_two(
    0,
    "w1: put 1 [0,9] ok; w1: put 2 [12,19] ok; w2: get [10,30] empty; w3: get [16,18] -> 1; w3: get [40,50] -> 2",
    None
)]
#[case::full(1, "w1: put 1 [0,9] ok; w2: put 2 [10,20] full", None)]
#[case::not_full(2, "w1: put 1 [0,9] ok; w2: put 2 [10,20] full", Some(FailureKind::NotLinearizable))]
#[case::beyond_its_bound(1, "w1: put 1 [0,9] ok; w2: put 2 [10,20] ok", Some(FailureKind::NotLinearizable))]
#[case::waits_while_full(1, "w1: put 1 [0,9] ok; w2: put 2 [10,; quiescent", None)]
#[case::waits_while_not_full(
    1,
    "w1: put 1 [0,9] ok; w2: put 2 [10,; w3: get [12,20] -> 1; quiescent",
    Some(FailureKind::Hang)
)]
#[case::done_but_waiting(1, "w2: put 2 [10,; w3: get [12,20] -> 2; quiescent", Some(FailureKind::Hang))]
#[case::a_killed_put_fills_it(1, "w1: put 1 [0,; w1 killed; w2: put 2 [10,20] full", None)]
#[case::a_killed_get_makes_room(
    1,
    "w1: put 1 [0,9] ok; w2: get [10,; w2 killed; w1: put 2 [20,30] ok; w3: get [31,40] -> 2",
    None
)]
#[case::many_in_order(0, "w1: put 1,2 [0,10] ok 2; w2: get [5,9] -> 1; w2: get [11,20] -> 2", None)]
#[case::many_out_of_order(
    0,
    "w1: put 1,2 [0,10] ok 2; w2: get [5,9] -> 2; w3: get [11,20] -> 1",
    Some(FailureKind::NotLinearizable)
)]
fn linearizable_fifo(#[case] maxsize: u32, #[case] text: &str, #[case] expected: Option<FailureKind>) {
    let judge = Judge::LinearizableFifo("q".into(), maxsize);
    assert_eq!(kind_of(text, judge, QueueLevel::Conservation), expected);
}

/// Linearizable by overlap only between producers; each producer's order is kept.
const PRODUCER_ORDER: &str =
    "w1: put 1 [0,9] ok; w2: put 2 [10,20] ok; w3: get [21,22] -> 2; w3: get [23,24] -> 1";
const NO_ORDER: &str = "w1: put 1 [0,9] ok; w1: put 2 [10,20] ok; w3: get [21,22] -> 2; w3: get [23,24] -> 1";
const TWICE: &str = "w1: put 1 [0,9] ok; w2: get [5,10] -> 1; w3: get [5,10] -> 1";

#[rstest]
#[case(PRODUCER_ORDER, QueueLevel::ProducerFifo, None)]
#[case(PRODUCER_ORDER, QueueLevel::LinearizableFifo, Some(FailureKind::WeakerThanClaimed))]
#[case(NO_ORDER, QueueLevel::Conservation, None)]
#[case(NO_ORDER, QueueLevel::ProducerFifo, Some(FailureKind::WeakerThanClaimed))]
#[case(TWICE, QueueLevel::LinearizableFifo, Some(FailureKind::Duplicated))]
fn a_queue_is_held_to_the_level_that_it_claims(
    #[case] text: &str,
    #[case] claimed: QueueLevel,
    #[case] expected: Option<FailureKind>,
) {
    assert_eq!(kind_of(text, Judge::ClaimedQueueLevel("q".into(), 0), claimed), expected);
}

#[rstest]
#[case("w1: put 1 [0,9] ok; w2: get [5,10] -> 1", Some(QueueLevel::LinearizableFifo))]
#[case(PRODUCER_ORDER, Some(QueueLevel::ProducerFifo))]
#[case(NO_ORDER, Some(QueueLevel::Conservation))]
#[case(TWICE, None)]
fn the_strongest_level_is_measured(#[case] text: &str, #[case] expected: Option<QueueLevel>) {
    let (program, history) = notation::read(text);
    assert_eq!(measure(&program, &history, "q", 0), Ok(expected));
}

#[test]
fn an_exhausted_search_is_no_pass() {
    use super::{queue::Queue, run::Run, search};
    let (program, history) = notation::read("w1: put 1 [0,9] ok; w2: put 2 [0,9] ok; w3: get [10,20] -> 2");
    let run = Run::new(&program, &history).unwrap();
    let queue = Queue::of(&run, "q").unwrap();
    let found = search::search(&queue, 2, search::Budget { steps: 1, memory: 1000 });
    assert_eq!(found, search::Found::Exhausted);
}
