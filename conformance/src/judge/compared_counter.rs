//! The judge of counters accuses nobody falsely, and sees most of what cannot be.

use procession_contract::{Outcome, QueueLevel};
use proptest::prelude::*;

use super::compared::{Choices, compared_cases, told};
use super::compared_sync::{explained, mutate, simulate};
use super::forward::Sort;
use super::{judge, notation};
use crate::history::{CallHistory, RunEnd};
use crate::verdict::Verdict;

proptest! {
    #![proptest_config(compared_cases())]

    /// The judge of counters says only what must be so: it acquits some that brute force does not.
    #[test]
    fn a_counter_is_never_accused_falsely(
        bytes in prop::collection::vec(any::<u8>(), 20..90), is_changed: bool,
    ) {
        let mut choices = Choices::new(&bytes);
        let (program, mut history) = simulate(&mut choices, Sort::Counter);
        if is_changed {
            mutate(&mut choices, &program, &mut history);
        }
        let verdict = judge(&program, &history, &notation::manifest(QueueLevel::Conservation));
        if let Verdict::Fail(failure) = &verdict {
            let told = told(&program, &history);
            prop_assert!(!explained(&program, &history, Sort::Counter), "an order exists, but {failure:?}: {told}");
        }
        prop_assert!(is_changed || verdict == Verdict::Pass, "{verdict:?}: {}", told(&program, &history));
    }
}

/// Of the numbers that cannot be, the judge of counters sees most.
#[test]
fn most_wrong_numbers_of_a_counter_are_seen() {
    let mut random = crate::program::random::Random::new(1);
    let (mut illegal, mut seen) = (0, 0);
    for _ in 0..3000 {
        let bytes: Vec<u8> = (0..90).map(|_| random.below(256) as u8).collect();
        let mut choices = Choices::new(&bytes);
        let (program, mut history) = simulate(&mut choices, Sort::Counter);
        mutate(&mut choices, &program, &mut history);
        let refusal = |call: &CallHistory| {
            call.returned.as_ref().is_some_and(|returned| returned.answer.outcome != Outcome::Ok)
        };
        // A refusal says nothing of a number, and a hang is not what this judge is about.
        if history.end == RunEnd::Quiescent
            || history.workers.iter().flat_map(|worker| &worker.calls).any(refusal)
        {
            continue;
        }
        if !explained(&program, &history, Sort::Counter) {
            illegal += 1;
            let verdict = judge(&program, &history, &notation::manifest(QueueLevel::Conservation));
            seen += usize::from(matches!(verdict, Verdict::Fail(_)));
        }
    }
    assert!(illegal > 100 && 2 * seen > illegal, "{seen} of {illegal}");
}
