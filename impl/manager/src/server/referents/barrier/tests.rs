//! Rounds at random: all of a round pass, each with an index of its own, or none does.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive,
    /// One that does not want to wait.
    ArriveInHaste,
    Wake(usize),
    /// Time is up for one who waits, or he has died.
    Leave(usize),
    Abort,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => Just(Step::Arrive),
        1 => Just(Step::ArriveInHaste),
        30 => (0..64usize).prop_map(Step::Wake),
        4 => (0..64usize).prop_map(Step::Leave),
        1 => Just(Step::Abort),
        6 => Just(Step::Reset),
    ]
}

/// One who waits, and what he has been told.
#[derive(Clone, Copy, Debug)]
struct Party {
    name: u64,
    ticket: Ticket,
    told: Option<Passage>,
}

/// All who wait are told; who they are.
fn all_are_told(parties: &mut [Party], mut told: impl FnMut(u64) -> Passage) -> Vec<u64> {
    let waiting = parties.iter_mut().filter(|party| party.told.is_none());
    waiting
        .enumerate()
        .map(|(index, party)| {
            party.told = Some(told(index as u64));
            party.name
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn all_pass_or_none(needed in 1..5u64, steps in vec(step(), 1..400)) {
        let mut round: Round<u64> = Round { is_broken: false, line: Line::default() };
        let mut parties: Vec<Party> = Vec::new();
        let (mut is_broken, mut names) = (false, 0);
        for step in steps {
            let mut wakers = Vec::new();
            let chosen = |number: usize| (!parties.is_empty()).then(|| number % parties.len());
            let waiting = parties.iter().filter(|party| party.told.is_none()).count() as u64;
            let expected = match step {
                Step::Arrive | Step::ArriveInHaste => {
                    let name = names;
                    names += 1;
                    let waker = matches!(step, Step::Arrive).then_some(name);
                    match round.arrive(needed, &mut wakers, waker) {
                        Begun::Waits(ticket) => {
                            prop_assert!(!is_broken && waiting + 1 < needed);
                            prop_assert_eq!(waker, Some(name));
                            parties.push(Party { name, ticket, told: None });
                            Vec::new()
                        }
                        Begun::Ended(Passage::Passed(index)) => {
                            prop_assert!(!is_broken);
                            prop_assert_eq!((index, waiting + 1), (waiting, needed));
                            all_are_told(&mut parties, Passage::Passed)
                        }
                        Begun::Ended(Passage::Broken) => {
                            prop_assert!(is_broken || waker.is_none() && waiting + 1 < needed);
                            is_broken = true;
                            all_are_told(&mut parties, |_| Passage::Broken)
                        }
                    }
                }
                Step::Wake(number) => {
                    let Some(at) = chosen(number) else { continue };
                    prop_assert_eq!(round.line.find(parties[at].ticket), parties[at].told);
                    if parties[at].told.is_some() {
                        parties.remove(at);
                    }
                    Vec::new()
                }
                Step::Leave(number) => {
                    let Some(at) = chosen(number) else { continue };
                    let party = parties.remove(at);
                    let passage = round.leave(party.ticket, &mut wakers);
                    prop_assert_eq!(passage, party.told.unwrap_or(Passage::Broken));
                    match party.told {
                        Some(_) => Vec::new(),
                        None => {
                            is_broken = true;
                            all_are_told(&mut parties, |_| Passage::Broken)
                        }
                    }
                }
                Step::Abort | Step::Reset => {
                    is_broken = matches!(step, Step::Abort);
                    round.begin_anew(is_broken, &mut wakers);
                    all_are_told(&mut parties, |_| Passage::Broken)
                }
            };
            prop_assert_eq!(&wakers, &expected);
            prop_assert_eq!(round.is_broken, is_broken);
            let waiting = parties.iter().filter(|party| party.told.is_none()).count();
            prop_assert_eq!(round.line.waiting(), waiting);
            prop_assert!(waiting == 0 || !is_broken);
        }
    }
}
