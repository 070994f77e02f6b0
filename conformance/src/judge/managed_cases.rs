//! Accepted and rejected histories of managed lists and dictionaries, written by hand.

use procession_contract::QueueLevel;
use rstest::rstest;

use super::{judge, notation};
use crate::program::Judge;
use crate::verdict::{FailureKind, Verdict};

const OK: Option<FailureKind> = None;
const HANG: Option<FailureKind> = Some(FailureKind::Hang);
const WRONG_OUTCOME: Option<FailureKind> = Some(FailureKind::WrongOutcome);
const WRONG_VALUE: Option<FailureKind> = Some(FailureKind::WrongValue);
const LOST: Option<FailureKind> = Some(FailureKind::Lost);
const TWICE: Option<FailureKind> = Some(FailureKind::Duplicated);
const INVENTED: Option<FailureKind> = Some(FailureKind::Invented);
const NO_ORDER: Option<FailureKind> = Some(FailureKind::NotLinearizable);

fn verdict(text: &str, by: Judge) -> Verdict {
    let (program, history) = notation::read(text);
    judge(&program.judge(by), &history, &notation::manifest(QueueLevel::Conservation))
}

fn kind_of(text: &str, by: Judge) -> Option<FailureKind> {
    match verdict(text, by) {
        Verdict::Pass => None,
        Verdict::Fail(failure) => Some(failure.kind),
        other => panic!("neither passed nor failed: {other:?}"),
    }
}

#[rstest]
#[case::one_after_the_other(
    "w1: append@x 1 [0,1] ok; w2: append@x 2 [2,3] ok; w3: through@x [4,5] -> 1,2",
    OK
)]
#[case::at_once_in_any_order(
    "w1: append@x 1 [0,3] ok; w2: append@x 2 [2,3] ok; w3: through@x [4,5] -> 2,1",
    OK
)]
#[case::in_the_other_order(
    "w1: append@x 1 [0,1] ok; w2: append@x 2 [2,3] ok; w3: through@x [4,5] -> 2,1",
    NO_ORDER
)]
#[case::lost("w1: append@x 1 [0,1] ok; w2: append@x 2 [2,3] ok; w3: through@x [4,5] -> 2", LOST)]
#[case::twice("w1: append@x 1 [0,1] ok; w3: through@x [4,5] -> 1,1", TWICE)]
#[case::from_nowhere("w1: append@x 1 [0,1] ok; w3: through@x [4,5] -> 1,9", INVENTED)]
#[case::refused("w1: append@x 1 [0,1] bad_value; w3: through@x [4,5] -> ", WRONG_OUTCOME)]
#[case::killed_and_done("w1: append@x 1 [0,; w1 killed; w3: through@x [4,5] -> 1", OK)]
#[case::killed_and_not_done("w1: append@x 1 [0,; w1 killed; w3: through@x [4,5] -> ", OK)]
#[case::waits("w1: append@x 1 [0,; w3: through@x [4,5] -> 1; quiescent", HANG)]
#[case::a_read_in_between(
    "w1: append@x 1 [0,1] ok; w2: whole@x [2,3] -> [1]; w1: append@x 2 [4,5] ok; w3: through@x [6,7] -> 1,2",
    OK
)]
#[case::a_read_too_early(
    "w1: append@x 1 [0,1] ok; w2: whole@x [2,3] -> [1,2]; w1: append@x 2 [4,5] ok; w3: through@x [6,7] -> 1,2",
    NO_ORDER
)]
#[case::a_read_too_late(
    "w1: append@x 1 [0,1] ok; w2: whole@x [2,3] -> []; w3: through@x [6,7] -> 1",
    NO_ORDER
)]
#[case::a_read_that_is_no_beginning(
    "w1: append@x 1 [0,1] ok; w1: append@x 2 [2,3] ok; w2: whole@x [4,5] -> [2]; w3: through@x [6,7] -> 1,2",
    WRONG_VALUE
)]
#[case::reads_that_go_back(
    "w1: append@x 1 [0,9] ok; w2: len@x [1,2] -> 1; w2: len@x [3,4] -> 0; w3: through@x [10,11] -> 1",
    NO_ORDER
)]
#[case::longer_than_it_was(
    "w1: append@x 1 [0,1] ok; w2: len@x [2,3] -> 2; w3: through@x [6,7] -> 1",
    WRONG_VALUE
)]
#[case::an_element("w1: append@x 1 [0,1] ok; w2: at@x 0 [2,3] -> 1; w3: through@x [6,7] -> 1", OK)]
#[case::another_element(
    "w1: append@x 1 [0,1] ok; w2: at@x 0 [2,3] -> 2; w3: through@x [6,7] -> 1",
    WRONG_VALUE
)]
#[case::no_element_yet(
    "w1: append@x 1 [2,3] ok; w2: at@x 0 [0,1] out_of_range; w3: through@x [6,7] -> 1",
    OK
)]
#[case::no_element_any_more(
    "w1: append@x 1 [0,1] ok; w2: at@x 0 [2,3] out_of_range; w3: through@x [6,7] -> 1",
    NO_ORDER
)]
#[case::an_element_before_it_was_there(
    "w2: at@x 0 [0,1] -> 1; w1: append@x 1 [2,3] ok; w3: through@x [6,7] -> 1",
    NO_ORDER
)]
#[case::several_together(
    "w1: extend@x 1,2 [0,5] ok; w2: append@x 3 [1,2] ok; w3: through@x [6,7] -> 3,1,2",
    OK
)]
#[case::several_apart(
    "w1: extend@x 1,2 [0,5] ok; w2: append@x 3 [1,2] ok; w3: through@x [6,7] -> 1,3,2",
    NO_ORDER
)]
#[case::several_half_read(
    "w1: extend@x 1,2 [0,5] ok; w2: len@x [1,2] -> 1; w3: through@x [6,7] -> 1,2",
    WRONG_VALUE
)]
#[case::the_second_of_several(
    "w1: extend@x 1,2 [4,5] ok; w2: at@x 1 [1,6] -> 2; w3: through@x [7,8] -> 1,2",
    OK
)]
#[case::the_first_but_not_the_second_of_several(
    "w1: extend@x 1,2 [0,9] ok; w2: at@x 0 [1,2] -> 1; w2: at@x 1 [3,4] out_of_range; w3: through@x [10,11] -> 1,2",
    NO_ORDER
)]
#[case::gone_through_meanwhile(
    "w1: append@x 1 [0,5] ok; w2: through@x [1,2] -> 1; w3: through@x [6,7] -> 1",
    OK
)]
#[case::gone_through_too_short(
    "w1: append@x 1 [0,1] ok; w2: through@x [2,3] -> ; w1: append@x 2 [4,5] ok; w3: through@x [6,7] -> 1,2",
    NO_ORDER
)]
fn list(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::List("x".into())), expected);
}

#[rstest]
#[case::nobody_looked_in_the_end("w1: append@x 1 [0,1] ok")]
#[case::looked_before_the_end("w1: append@x 1 [0,1] ok; w2: through@x [2,3] -> 1; w1: append@x 2 [4,5] ok")]
#[case::what_cannot_be_told_apart(
    "w1: append@x 1 [0,1] ok; w1: append@x 1 [2,3] ok; w2: through@x [4,5] -> 1,1"
)]
fn a_list_whose_order_is_not_known_is_unresolved(#[case] text: &str) {
    let verdict = verdict(text, Judge::List("x".into()));
    assert!(matches!(verdict, Verdict::Unresolved(_)), "{verdict:?}");
}

#[rstest]
#[case::what_was_written_last("w1: set@y 1 [0,1] ok; w2: set@y 2 [2,3] ok; w3: get@y [4,5] -> 2", OK)]
#[case::what_was_written_before(
    "w1: set@y 1 [0,1] ok; w2: set@y 2 [2,3] ok; w3: get@y [4,5] -> 1",
    WRONG_VALUE
)]
#[case::either_of_two("w1: set@y 1 [0,3] ok; w2: set@y 2 [2,3] ok; w3: get@y [4,5] -> 1", OK)]
#[case::first_one_then_the_other(
    "w1: set@y 1 [0,3] ok; w2: set@y 2 [2,3] ok; w3: get@y [4,5] -> 1; w3: get@y [6,7] -> 2",
    WRONG_VALUE
)]
#[case::nothing_at_first("w1: get@y [0,1] key_missing; w1: set@y 1 [2,3] ok", OK)]
#[case::nothing_any_more("w1: set@y 1 [0,1] ok; w1: get@y [2,3] key_missing", WRONG_VALUE)]
#[case::removed("w1: set@y 1 [0,1] ok; w2: del@y [2,3] ok; w1: get@y [4,5] key_missing", OK)]
#[case::removed_twice("w1: set@y 1 [0,1] ok; w2: del@y [2,5] ok; w3: del@y [3,4] ok", WRONG_VALUE)]
#[case::taken_by_one("w1: set@y 1 [0,1] ok; w2: pop@y [2,5] -> 1; w3: pop@y [3,4] key_missing", OK)]
#[case::taken_by_two("w1: set@y 1 [0,1] ok; w2: pop@y [2,5] -> 1; w3: pop@y [3,4] -> 1", WRONG_VALUE)]
#[case::set_by_the_first("w1: default@y 1 [0,5] -> 1; w2: default@y 2 [1,4] -> 1", OK)]
#[case::set_by_both("w1: default@y 1 [0,5] -> 1; w2: default@y 2 [1,4] -> 2", WRONG_VALUE)]
#[case::there_or_not("w1: has@y [0,1] ok 0; w1: set@y 1 [2,3] ok; w1: has@y [4,5] ok 1", OK)]
#[case::there_and_denied("w1: set@y 1 [2,3] ok; w1: has@y [4,5] ok 0", WRONG_VALUE)]
#[case::an_update_is_lost(
    "w1: set@y 0 [0,1] ok; w1: plus@y 1 [2,5] ok 1; w2: plus@y 1 [3,6] ok 1; w3: get@y [7,8] -> 1",
    OK
)]
#[case::no_update_is_lost(
    "w1: set@y 0 [0,1] ok; w1: plus@y 1 [2,5] ok 1; w2: plus@y 1 [3,6] ok 2; w3: get@y [7,8] -> 2",
    OK
)]
#[case::an_update_is_made_up(
    "w1: set@y 0 [0,1] ok; w1: plus@y 1 [2,5] ok 1; w2: plus@y 1 [6,7] ok 1; w3: get@y [8,9] -> 1",
    WRONG_VALUE
)]
#[case::killed_and_done("w1: set@y 1 [0,; w1 killed; w2: get@y [4,5] -> 1", OK)]
#[case::killed_and_not_done("w1: set@y 1 [0,; w1 killed; w2: get@y [4,5] key_missing", OK)]
#[case::waits("w1: set@y 1 [0,; quiescent", HANG)]
fn entries(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Entries("y".into())), expected);
}
