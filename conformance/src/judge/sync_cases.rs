//! Accepted and rejected histories of locks and their kin, written by hand.

use procession_contract::QueueLevel;
use rstest::rstest;

use super::{judge, notation};
use crate::program::Judge;
use crate::verdict::{FailureKind, Verdict};

const OK: Option<FailureKind> = None;
const HANG: Option<FailureKind> = Some(FailureKind::Hang);
const DID_NOT_BLOCK: Option<FailureKind> = Some(FailureKind::DidNotBlock);
const WRONG_OUTCOME: Option<FailureKind> = Some(FailureKind::WrongOutcome);
const WRONG_VALUE: Option<FailureKind> = Some(FailureKind::WrongValue);
const TOO_EARLY: Option<FailureKind> = Some(FailureKind::TooEarly);
const LOST: Option<FailureKind> = Some(FailureKind::Lost);
const NO_ORDER: Option<FailureKind> = Some(FailureKind::NotLinearizable);

fn kind_of(text: &str, by: Judge) -> Option<FailureKind> {
    kind_by_all(text, [by])
}

fn kind_by_all(text: &str, judges: impl IntoIterator<Item = Judge>) -> Option<FailureKind> {
    let (program, history) = notation::read(text);
    let program = judges.into_iter().fold(program, crate::program::Program::judge);
    match judge(&program, &history, &notation::manifest(QueueLevel::Conservation)) {
        Verdict::Pass => None,
        Verdict::Fail(failure) => Some(failure.kind),
        other => panic!("neither passed nor failed: {other:?}"),
    }
}

#[rstest]
#[case::one_after_the_other(
    "w1: acquire@l [0,5] ok 1; w1: release@l [10,15] ok; w2: acquire@l [3,14] ok 1",
    OK
)]
#[case::two_at_once("w1: acquire@l [0,5] ok 1; w2: acquire@l [3,14] ok 1", DID_NOT_BLOCK)]
#[case::twice_by_one("w1: acquire@l [0,5] ok 1; w1: acquire@l [6,14] ok 1", DID_NOT_BLOCK)]
#[case::released_by_another(
    "w1: acquire@l [0,5] ok 1; w2: release@l [6,8] ok; w3: acquire@l [9,14] ok 1",
    OK
)]
#[case::released_twice_at_once(
    "w1: acquire@l [0,5] ok 1; w2: release@l [6,8] ok; w3: release@l [7,14] ok",
    WRONG_OUTCOME
)]
#[case::refused_while_held("w1: acquire@l [0,5] ok 1; w2: try@l [6,8] ok 0", OK)]
#[case::refused_while_free("w1: acquire@l [9,12] ok 1; w2: try@l [6,8] ok 0", WRONG_OUTCOME)]
#[case::refused_while_perhaps_held("w1: acquire@l [7,12] ok 1; w2: try@l [6,8] ok 0", OK)]
#[case::gave_up_at_its_time("w1: acquire@l [0,5] ok 1; w2: acquire@l 5 [6,6ms] ok 0", OK)]
#[case::gave_up_before_its_time("w1: acquire@l [0,5] ok 1; w2: acquire@l 5 [6,2ms] ok 0", TOO_EARLY)]
#[case::gave_up_without_a_time("w1: acquire@l [0,5] ok 1; w2: acquire@l [6,8ms] ok 0", WRONG_OUTCOME)]
#[case::free_was_refused("w1: release@l [0,5] over_release", OK)]
#[case::held_was_refused("w1: acquire@l [0,5] ok 1; w1: release@l [6,8] over_release", WRONG_OUTCOME)]
#[case::free_was_released("w1: release@l [0,5] ok", WRONG_OUTCOME)]
#[case::waits_for_the_holder("w1: acquire@l [0,5] ok 1; w2: acquire@l [6,; quiescent", OK)]
#[case::waits_for_nobody(
    "w1: acquire@l [0,5] ok 1; w1: release@l [7,8] ok; w2: acquire@l [6,; quiescent",
    HANG
)]
#[case::told("w1: acquire@l [0,5] ok 1; w1 killed; w2: acquire@l [6,9] owner_died 1", OK)]
#[case::told_without_a_death(
    "w1: acquire@l [0,5] ok 1; w2: acquire@l [6,9] owner_died 1; w1: try@l [10,11] ok 0",
    WRONG_OUTCOME
)]
#[case::not_told("w1: acquire@l [0,5] ok 1; w1 killed; w2: acquire@l [6,9] ok 1", DID_NOT_BLOCK)]
#[case::told_twice(
    "w1: acquire@l [0,5] ok 1; w1 killed; w2: acquire@l [6,9] owner_died 1; w2: release@l [10,11] ok; w2: acquire@l [12,14] owner_died 1",
    WRONG_OUTCOME
)]
#[case::killed_in_acquire_or_before("w1: acquire@l [0,; w1 killed; w2: acquire@l [6,9] ok 1", OK)]
#[case::killed_in_acquire_or_behind("w1: acquire@l [0,; w1 killed; w2: acquire@l [6,9] owner_died 1", OK)]
#[case::waits_for_the_dead("w1: acquire@l [0,5] ok 1; w1 killed; w2: acquire@l [6,; quiescent", HANG)]
fn lock(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Lock("l".into())), expected);
}

#[rstest]
#[case::again("w1: acquire@r [0,5] ok 1; w1: acquire@r [6,7] ok 1; w2: try@r [8,9] ok 0", OK)]
#[case::released_once_of_twice(
    "w1: acquire@r [0,5] ok 1; w1: acquire@r [6,7] ok 1; w1: release@r [8,9] ok; w2: acquire@r [10,11] ok 1",
    DID_NOT_BLOCK
)]
#[case::released_by_another("w1: acquire@r [0,5] ok 1; w2: release@r [6,7] ok", WRONG_OUTCOME)]
#[case::refused_to_another("w1: acquire@r [0,5] ok 1; w2: release@r [6,7] not_owner", OK)]
#[case::refused_to_the_owner("w1: acquire@r [0,5] ok 1; w1: release@r [6,7] not_owner", WRONG_OUTCOME)]
#[case::waits_for_itself("w1: acquire@r [0,5] ok 1; w1: acquire@r [6,; quiescent", HANG)]
fn rlock(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Rlock("r".into())), expected);
}

#[rstest]
#[case::as_many_as_there_are("w1: acquire@s [0,5] ok 1; w2: acquire@s [2,7] ok 1", OK)]
#[case::one_too_many(
    "w1: acquire@s [0,5] ok 1; w2: acquire@s [2,7] ok 1; w3: acquire@s [3,8] ok 1; w1: permits@s [20,21] ok 0; w2: permits@s [20,21] ok 0",
    DID_NOT_BLOCK
)]
#[case::brought_by_another(
    "w1: acquire@s [0,5] ok 1; w2: acquire@s [2,7] ok 1; w4: release@s [4,5] ok; w3: acquire@s [3,8] ok 1",
    OK
)]
#[case::above_the_first_value("w1: release@s [0,5] ok; w1: permits@s [6,7] ok 3", OK)]
#[case::wrong_number("w1: release@s [0,5] ok; w1: permits@s [6,7] ok 2", WRONG_VALUE)]
#[case::refused_while_there_is_one("w1: acquire@s [0,5] ok 1; w2: try@s [6,7] ok 0", WRONG_OUTCOME)]
#[case::waits_while_there_is_one("w1: acquire@s [0,5] ok 1; w2: acquire@s [6,; quiescent", HANG)]
#[case::the_dead_give_back(
    "w1: acquire@s [0,5] ok 1; w1: acquire@s [6,7] ok 1; w1 killed; w2: acquire@s [8,9] owner_died 1; w2: acquire@s [10,12] ok 1",
    OK
)]
#[case::the_dead_give_back_no_more(
    "w1: acquire@s [0,5] ok 1; w1 killed; w2: acquire@s [8,9] owner_died 1; w2: acquire@s [10,12] ok 1; w2: acquire@s [13,14] ok 1",
    DID_NOT_BLOCK
)]
#[case::waits_for_the_dead(
    "w1: acquire@s [0,5] ok 1; w1: acquire@s [6,7] ok 1; w1 killed; w2: acquire@s [8,; quiescent",
    HANG
)]
fn semaphore(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Semaphore("s".into())), expected);
}

#[rstest]
#[case::refused("w1: release@t [0,5] over_release", OK)]
#[case::accepted("w1: release@t [0,5] ok", WRONG_OUTCOME)]
#[case::refused_too_early(
    "w1: acquire@t [0,5] ok 1; w2: release@t [6,8] over_release; w1: permits@t [20,21] ok 0",
    WRONG_OUTCOME
)]
fn bounded_semaphore(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Semaphore("t".into())), expected);
}

#[rstest]
#[case::set_before("w1: set@e [0,5] ok; w2: wait@e [6,8] ok 1", OK)]
#[case::never_set("w2: wait@e [6,8] ok 1", DID_NOT_BLOCK)]
#[case::a_pulse("w2: wait@e [0,20] ok 1; w1: set@e [5,6] ok; w1: clear@e [7,8] ok", OK)]
#[case::gave_up("w2: wait@e 5 [0,6ms] ok 0", OK)]
#[case::gave_up_early("w2: wait@e 5 [0,1ms] ok 0", TOO_EARLY)]
#[case::gave_up_though_set("w2: wait@e 9 [0,10ms] ok 0; w1: set@e [5ms,5ms] ok", WRONG_OUTCOME)]
#[case::gave_up_though_pulsed(
    "w2: wait@e 9 [0,10ms] ok 0; w1: set@e [4ms,4ms] ok; w1: clear@e [5ms,5ms] ok",
    WRONG_OUTCOME
)]
#[case::gave_up_before_it_was_set("w2: wait@e 9 [0,10ms] ok 0; w1: set@e [9ms,9ms] ok", OK)]
#[case::never_gives_up("w2: wait@e [0,6ms] ok 0", WRONG_OUTCOME)]
#[case::looked_while_set("w1: set@e [0,5] ok; w2: isset@e [6,8] ok 0", WRONG_VALUE)]
#[case::waits_while_clear("w2: wait@e [0,; quiescent", OK)]
#[case::waits_while_set("w2: wait@e [0,; w1: set@e [5,6] ok; quiescent", HANG)]
fn event(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Event("e".into())), expected);
}

#[rstest]
#[case::waiter_is_told_of_a_holder_that_has_ended(
    "w3: acquire@c [0,2] ok 1; w3: wait@c [3,20] owner_died 0; w2: acquire@c [4,9] ok 1",
    OK
)]
#[case::waiter_need_not_be_told_of_a_holder_that_has_ended(
    "w3: acquire@c [0,2] ok 1; w3: wait@c [3,; w2: acquire@c [4,9] ok 1; quiescent",
    OK
)]
#[case::waiter_is_told_though_the_holder_let_go(
    "w3: acquire@c [0,2] ok 1; w3: wait@c [3,20] owner_died 0; w2: acquire@c [4,9] ok 1; w2: release@c [10,11] ok",
    WRONG_OUTCOME
)]
#[case::notified(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,20] ok 1; w2: acquire@c [3,5] ok 1; w2: notify@c [6,7] ok; w2: release@c [8,9] ok",
    OK
)]
#[case::never_notified("w1: acquire@c [0,1] ok 1; w1: wait@c [2,20] ok 1", DID_NOT_BLOCK)]
#[case::keeps_the_lock("w1: acquire@c [0,1] ok 1; w1: wait@c [2,; w2: acquire@c [3,; quiescent", HANG)]
#[case::back_without_the_lock(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,20] ok 1; w2: acquire@c [3,5] ok 1; w2: notify@c [6,7] ok; w2: release@c [30,31] ok",
    DID_NOT_BLOCK
)]
#[case::notified_too_few(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,; w2: acquire@c [3,5] ok 1; w2: notify@c [6,7] ok; w2: release@c [8,9] ok; quiescent",
    HANG
)]
#[case::notified_too_many(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,20] ok 1; w1: release@c [21,22] ok; w3: acquire@c [3,4] ok 1; w3: wait@c [5,30] ok 1; w2: acquire@c [6,7] ok 1; w2: notify@c [8,9] ok; w2: release@c [10,11] ok",
    DID_NOT_BLOCK
)]
#[case::notified_before_it_waits(
    "w2: acquire@c [0,1] ok 1; w2: notify@c [2,3] ok; w2: release@c [4,5] ok; w1: acquire@c [6,7] ok 1; w1: wait@c [8,9] ok 1",
    DID_NOT_BLOCK
)]
#[case::without_the_lock("w1: wait@c [2,20] not_owner; w1: notify@c [21,22] not_owner", OK)]
#[case::gave_up("w1: acquire@c [0,1] ok 1; w1: wait@c 5 [2,6ms] ok 0", OK)]
#[case::absorbed_by_one_that_gave_up(
    "w1: acquire@c [0,1] ok 1; w1: wait@c 2 [2,6ms] ok 0; w1: release@c [7ms,7ms] ok; w3: acquire@c [3,4] ok 1; w3: wait@c [5,; w2: acquire@c [7ms,7ms] ok 1; w2: notify@c [8ms,9ms] ok; w2: release@c [10ms,11ms] ok; quiescent",
    HANG
)]
#[case::its_word_is_true("w1: wordadd 1 [0,1] ok 0; w1: word@c 1 [2,3] ok 1", OK)]
#[case::its_word_is_false("w1: acquire@c [0,1] ok 1; w1: word@c 1 [2,3] ok 1", WRONG_OUTCOME)]
#[case::its_word_came_true(
    "w1: acquire@c [0,1] ok 1; w1: word@c 1 [2,20] ok 1; w2: acquire@c [3,5] ok 1; w2: wordadd 1 [6,6] ok 0; w2: notify@c [7,8] ok; w2: release@c [9,10] ok",
    OK
)]
#[case::its_notification_was_lost(
    "w1: acquire@c [0,1] ok 1; w1: word@c 1 [2,; w2: acquire@c [3,5] ok 1; w2: wordadd 1 [6,6] ok 0; w2: notify@c [7,8] ok; w2: release@c [9,10] ok; quiescent",
    HANG
)]
#[case::the_dead_leave_their_notification(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,; w3: acquire@c [3,4] ok 1; w3: wait@c [5,; w2: acquire@c [6,7] ok 1; w2: notify@c [8,9] ok; w2: release@c [10,11] ok; w1 killed; quiescent",
    HANG
)]
#[case::one_takes_over_from_the_dead(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,20] owner_died 0; w2: acquire@c [6,7] ok 1; w2 killed",
    OK
)]
#[case::a_notifier_killed_in_the_middle_has_woken_some(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,30] ok 1; w3: acquire@c [3,4] ok 1; w3: wait@c [5,20] owner_died 0; w3: release@c [21,22] ok; w2: acquire@c [6,7] ok 1; w2: notifyall@c [8,; w2 killed",
    OK
)]
#[case::a_notifier_that_comes_through_wakes_all(
    "w1: acquire@c [0,1] ok 1; w1: wait@c [2,30] ok 1; w1: release@c [31,32] ok; w3: acquire@c [3,4] ok 1; w3: wait@c [5,; w2: acquire@c [6,7] ok 1; w2: notifyall@c [8,9] ok; w2: release@c [10,11] ok; quiescent",
    HANG
)]
fn condition(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    let expected = match expected {
        // A wait with a predicate that is false returns a wrong value rather than too early.
        WRONG_OUTCOME if text.contains("word@") => DID_NOT_BLOCK,
        other => other,
    };
    assert_eq!(kind_of(text, Judge::Condition("c".into())), expected);
}

#[rstest]
#[case::over_a_lock(
    "w1: acquire@l [0,1] ok 1; w1: wait@d [2,20] ok 1; w2: acquire@l [3,5] ok 1; w2: notify@d [6,7] ok; w2: release@d [8,9] ok",
    OK
)]
fn condition_over_a_lock(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Lock("l".into())), expected);
    assert_eq!(kind_of(text, Judge::Condition("d".into())), expected);
}

#[rstest]
#[case::together("w1: wait@b [0,9] ok 0; w2: wait@b [3,8] ok 1", OK)]
#[case::alone("w1: wait@b [0,9] ok 0", DID_NOT_BLOCK)]
#[case::before_the_last("w1: wait@b [0,4] ok 0; w2: wait@b [5,8] ok 1", DID_NOT_BLOCK)]
#[case::the_same_index("w1: wait@b [0,9] ok 1; w2: wait@b [3,8] ok 1", DID_NOT_BLOCK)]
#[case::no_index("w1: wait@b [0,9] ok 0; w2: wait@b [3,8] ok 2", DID_NOT_BLOCK)]
#[case::twice(
    "w1: wait@b [0,9] ok 0; w2: wait@b [3,8] ok 1; w1: wait@b [10,20] ok 1; w2: wait@b [11,19] ok 0",
    OK
)]
#[case::waits_for_the_other("w1: wait@b [0,; quiescent", OK)]
#[case::waits_though_all_are_there("w1: wait@b [0,; w2: wait@b [3,; quiescent", HANG)]
#[case::one_was_left_behind("w1: wait@b [0,; w2: wait@b [3,8] ok 1; quiescent", HANG)]
#[case::aborted(
    "w1: wait@b [0,9] broken_barrier; w2: abort@b [3,8] ok; w2: wait@b [10,11] broken_barrier",
    OK
)]
#[case::aborted_but_waits("w1: wait@b [0,; w2: abort@b [3,8] ok; quiescent", HANG)]
#[case::never_broken("w1: wait@b [0,9] broken_barrier", WRONG_OUTCOME)]
#[case::reset(
    "w1: wait@b [0,9] broken_barrier; w2: reset@b [3,8] ok; w2: wait@b [10,15] ok 1; w1: wait@b [11,14] ok 0",
    OK
)]
#[case::still_broken_after_the_reset(
    "w1: wait@b [0,9] broken_barrier; w2: reset@b [3,8] ok; w2: wait@b [10,15] broken_barrier",
    WRONG_OUTCOME
)]
#[case::gave_up("w1: wait@b 5 [0,6ms] broken_barrier; w2: wait@b [7ms,8ms] broken_barrier", OK)]
#[case::gave_up_early("w1: wait@b 5 [0,1ms] broken_barrier", WRONG_OUTCOME)]
#[case::gave_up_without_breaking("w1: wait@b 5 [0,6ms] broken_barrier; w2: wait@b [7ms,; quiescent", HANG)]
#[case::a_reset_was_left_half_done(
    "w1: wait@b [0,30] broken_barrier; w2: reset@b [3,; w2 killed; w2 gone 10; w3: waiting@b [12,13] ok 1",
    OK
)]
#[case::a_reset_does_not_come_later(
    "w1: wait@b [0,30] broken_barrier; w2: reset@b [14,15] ok; w3: waiting@b [17,18] ok 1",
    WRONG_OUTCOME
)]
#[case::a_party_died("w1: wait@b [0,; w1 killed; w1 gone 5; w2: wait@b [6,9] broken_barrier", OK)]
fn barrier(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Barrier("b".into())), expected);
}

#[rstest]
#[case::the_last("w1: store@v 3 [0,5] ok; w2: load@v [6,8] -> 3", OK)]
#[case::stale("w1: store@v 3 [0,5] ok; w1: store@v 4 [6,7] ok; w2: load@v [8,9] -> 3", NO_ORDER)]
#[case::nobody_wrote_it("w1: store@v 3 [0,5] ok; w2: load@v [6,8] -> 7", WRONG_VALUE)]
#[case::while_locked("w1: acquire@v [0,1] ok 1; w2: store@v 3 [2,5] ok; w1: release@v [6,7] ok", NO_ORDER)]
#[case::two_halves("w1: add@v 1 [0,9] ok 1; w2: add@v 1 [3,8] ok 1", OK)]
#[case::one_after_the_other("w1: add@v 1 [0,2] ok 1; w2: add@v 1 [3,8] ok 1", NO_ORDER)]
#[case::whole("w1: lockedadd@v 1 [0,9] ok 1; w2: lockedadd@v 1 [3,8] ok 2", OK)]
#[case::not_whole("w1: lockedadd@v 1 [0,9] ok 1; w2: lockedadd@v 1 [3,8] ok 1", NO_ORDER)]
#[case::waits_for_the_holder("w1: acquire@v [0,1] ok 1; w2: store@v 3 [2,; quiescent", OK)]
#[case::waits_for_nobody("w2: store@v 3 [2,; quiescent", HANG)]
fn register(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Register("v".into())), expected);
}

#[rstest]
#[case::each_counts(
    "w1: lockedadd@v 1 [0,9] ok 1; w2: lockedadd@v 1 [3,8] ok 2; w1: load@v [10,12] -> 2",
    OK
)]
#[case::one_is_lost("w1: add@v 1 [0,9] ok 1; w2: add@v 1 [3,8] ok 1; w1: load@v [10,12] -> 1", LOST)]
#[case::both_wrote_the_same("w1: lockedadd@v 1 [0,9] ok 1; w2: lockedadd@v 1 [3,8] ok 1", LOST)]
#[case::too_many("w1: lockedadd@v 1 [0,9] ok 1; w1: load@v [10,12] -> 2", WRONG_VALUE)]
#[case::a_killed_one_counts_or_not("w1: lockedadd@v 1 [0,; w1 killed; w2: load@v [10,12] -> 1", OK)]
#[case::and_then_not("w1: lockedadd@v 1 [0,; w1 killed; w2: load@v [10,12] -> 0", OK)]
fn counter(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    assert_eq!(kind_of(text, Judge::Counter("v".into())), expected);
}

/// Programs that nobody wrote come to a stop now and then, and have mostly earned it.
#[rstest]
#[case::embrace(
    "w1: acquire@l [0,5] ok 1; w2: acquire@r [1,6] ok 1; w1: acquire@r [7,; w2: acquire@l [8,; quiescent",
    OK
)]
#[case::embrace_of_which_one_let_go(
    "w1: acquire@l [0,5] ok 1; w2: acquire@r [1,6] ok 1; w2: release@r [9,10] ok; w1: acquire@r [7,; w2: acquire@l [11,; quiescent",
    HANG
)]
#[case::embrace_that_a_death_has_undone(
    "w1: acquire@l [0,5] ok 1; w2: acquire@r [1,6] ok 1; w1: acquire@r [7,; w2: acquire@l [8,; w2 killed; quiescent",
    HANG
)]
#[case::holder_waits_for_an_event(
    "w1: acquire@l [0,5] ok 1; w1: wait@e [6,; w2: acquire@l [7,; quiescent",
    OK
)]
#[case::holder_waits_for_an_event_that_is_set(
    "w1: acquire@l [0,5] ok 1; w1: wait@e [6,; w2: acquire@l [7,; w3: set@e [8,9] ok; quiescent",
    HANG
)]
#[case::holder_waits_for_a_party(
    "w1: acquire@l [0,5] ok 1; w1: wait@b [6,; w2: acquire@l [7,; quiescent",
    OK
)]
#[case::all_parties_wait("w1: acquire@l [0,5] ok 1; w1: wait@b [6,; w2: wait@b [7,; quiescent", HANG)]
#[case::holder_waits_for_a_permit(
    "w1: acquire@t [0,5] ok 1; w1: acquire@l [6,7] ok 1; w1: acquire@t [8,; w2: acquire@l [9,; quiescent",
    OK
)]
#[case::holder_waits_for_a_permit_that_came(
    "w1: acquire@t [0,5] ok 1; w1: acquire@l [6,7] ok 1; w1: acquire@t [8,; w2: acquire@l [12,; w3: release@t [9,10] ok; quiescent",
    HANG
)]
#[case::nobody_is_left_to_notify(
    "w1: acquire@c [0,5] ok 1; w1: wait@c [6,; w2: acquire@c [7,8] ok 1; w2: acquire@l [9,10] ok 1; w2: wait@c [11,; quiescent",
    OK
)]
#[case::notified_while_another_lock_is_held(
    "w1: acquire@c [0,5] ok 1; w1: wait@c [6,; w2: acquire@c [7,8] ok 1; w2: notify@c [9,10] ok; w2: release@c [11,12] ok; w2: acquire@l [13,14] ok 1; quiescent",
    HANG
)]
fn a_stop_is_deserved_or_a_lost_wake_up(#[case] text: &str, #[case] expected: Option<FailureKind>) {
    let name = |name: &str| name.to_owned();
    let judges = [
        Judge::Lock(name("l")),
        Judge::Rlock(name("r")),
        Judge::Semaphore(name("t")),
        Judge::Condition(name("c")),
        Judge::Event(name("e")),
        Judge::Barrier(name("b")),
    ];
    assert_eq!(kind_by_all(text, judges), expected);
}
