//! Models of the channel: records pass once, whole and in order; nobody is left asleep.

// All of loom's threads run in one; and dropping its own `Arc` would be a step of a process already dead.
use std::rc::Rc;

use procession_models::deadline::Deadline;
use procession_models::plan::{Plan, explore, explore_deaths};
use procession_models::surroundings::Cells;
use procession_models::sync::platform::{self, processes};
use procession_models::sync::ring::{Limits, PopError, Ring, Words};

/// A process's observations: the bytes it received, or nothing for a sender.
type Told = Vec<u8>;
type Body = Box<dyn FnOnce() -> Told>;

struct Scene {
    words: Words,
    limits: Limits,
    cells: Cells,
}

impl Scene {
    fn new(max_items: Option<u32>, max_units: u64, senders: u32) -> Rc<Scene> {
        let limits = Limits {
            max_items: max_items.unwrap_or(100),
            bounded: max_items.is_some(),
            max_units,
            min_capacity: 4,
            keep_capacity: 16,
            wait_for_bytes: false,
            eof: senders != 0,
            broken_pipe: false,
            joinable: false,
            kind: 0,
        };
        Rc::new(Scene { words: Words::new(4), limits, cells: Cells::new(senders) })
    }

    fn ring(&self) -> Ring<'_, Cells> {
        Ring { words: &self.words, limits: &self.limits, surroundings: &self.cells, me: platform::me() }
    }
}

fn sender(scene: &Rc<Scene>, bytes: &'static [u8]) -> Body {
    let scene = scene.clone();
    Box::new(move || {
        for byte in bytes {
            scene.ring().push(&[&[*byte]], Deadline::Never).unwrap();
        }
        Vec::new()
    })
}

fn receiver(scene: &Rc<Scene>, count: usize) -> Body {
    let scene = scene.clone();
    Box::new(move || {
        let mut received = Vec::new();
        for _ in 0..count {
            scene.ring().pop(&mut received, Deadline::Never).unwrap();
        }
        received
    })
}

/// Receives until the deadline, which comes when nothing else can happen any more.
fn drain(scene: &Rc<Scene>) -> Body {
    send_and_drain(scene, &[])
}

/// Sends, taking a record itself whenever there is no room until the deadline; then receives.
fn send_and_drain(scene: &Rc<Scene>, bytes: &'static [u8]) -> Body {
    let scene = scene.clone();
    Box::new(move || {
        let mut received = Vec::new();
        for byte in bytes {
            while scene.ring().push(&[&[*byte]], Deadline::At(0)).is_err() {
                scene.ring().pop(&mut received, Deadline::At(0)).unwrap();
            }
        }
        while scene.ring().pop(&mut received, Deadline::At(0)).is_ok() {}
        received
    })
}

/// Receives one record if any comes before the deadline.
fn taker(scene: &Rc<Scene>) -> Body {
    let scene = scene.clone();
    Box::new(move || {
        let mut received = Vec::new();
        // Nothing is left if the other receiver was faster.
        let _ = scene.ring().pop(&mut received, Deadline::At(0));
        received
    })
}

/// Everything that was received by anybody who lives, sorted.
fn all(told: Vec<Option<Told>>) -> Told {
    let mut all: Told = told.into_iter().flatten().flatten().collect();
    all.sort_unstable();
    all
}

fn one_to_one() {
    let scene = Scene::new(None, 16, 0);
    let told = processes(vec![sender(&scene, &[1, 2]), receiver(&scene, 2)]);
    assert_eq!(told[1].as_deref(), Some(&[1, 2][..]));
}

fn bounded() {
    let scene = Scene::new(Some(1), 16, 0);
    let told = processes(vec![sender(&scene, &[1, 2]), receiver(&scene, 2)]);
    assert_eq!(told[1].as_deref(), Some(&[1, 2][..]));
}

fn two_receivers() {
    let scene = Scene::new(None, 16, 0);
    let told = processes(vec![sender(&scene, &[1, 2]), receiver(&scene, 1), receiver(&scene, 1)]);
    assert_eq!(all(told), [1, 2]);
}

fn growing() {
    let scene = Scene::new(None, 16, 0);
    let told = processes(vec![sender(&scene, &[1, 2, 3]), receiver(&scene, 3)]);
    assert_eq!(told[1].as_deref(), Some(&[1, 2, 3][..]));
}

#[test]
fn records_arrive_once_in_order_and_wake_their_receivers() {
    for (name, scene) in [
        ("one to one", one_to_one as fn()),
        ("bounded by one", bounded),
        ("two receivers", two_receivers),
        ("growing", growing),
    ] {
        println!("{name}: {} executions", explore(Plan::default(), scene));
    }
}

#[test]
fn a_sender_killed_anywhere_leaves_a_prefix_and_the_other_sender_unharmed() {
    explore_deaths("sender killed", 1, || {
        let scene = Scene::new(None, 16, 0);
        let told = processes(vec![sender(&scene, &[1]), send_and_drain(&scene, &[2])]);
        let received = all(told);
        assert!(received == [2] || received == [1, 2], "{received:?}");
    });
}

#[test]
fn a_sender_killed_while_growing_loses_nothing_that_was_sent() {
    explore_deaths("growing sender killed", 1, || {
        let scene = Scene::new(None, 16, 0);
        let told = processes(vec![sender(&scene, &[1, 2, 3]), drain(&scene)]);
        let received = told[1].as_deref().unwrap();
        assert!([1, 2, 3].starts_with(received), "{received:?}");
    });
}

#[test]
fn a_receiver_killed_anywhere_takes_at_most_what_it_took() {
    explore_deaths("receiver killed", 1, || {
        let scene = Scene::new(None, 16, 0);
        let told = processes(vec![taker(&scene), send_and_drain(&scene, &[1, 2])]);
        receivers_told(told);
    });
}

#[test]
fn a_receiver_killed_with_a_full_queue_does_not_leave_the_sender_waiting() {
    explore_deaths("receiver of a bounded queue killed", 1, || {
        let scene = Scene::new(Some(1), 16, 0);
        let told = processes(vec![taker(&scene), send_and_drain(&scene, &[1, 2])]);
        receivers_told(told);
    });
}

/// The first may have died with at most one record, and whichever it took.
fn receivers_told(told: Vec<Option<Told>>) {
    let others = told[1].clone().expect("the survivor has ended");
    match &told[0] {
        Some(_) => assert_eq!(all(told), [1, 2]),
        None => assert!([&[1, 2][..], &[2], &[1]].contains(&&others[..]), "{others:?}"),
    }
}

#[test]
fn the_death_of_the_last_sender_is_an_end_and_comes_after_its_records() {
    explore_deaths("last sender killed", 1, || {
        let scene = Scene::new(None, 16, 1 << 1);
        let leaving = {
            let scene = scene.clone();
            Box::new(move || {
                scene.ring().push(&[&[1]], Deadline::Never).unwrap();
                scene.cells.senders.store(0, procession_models::sync::Ordering::Release);
                scene.words.seldom.0.not_empty.open();
                Vec::new()
            }) as Body
        };
        let reading = {
            let scene = scene.clone();
            Box::new(move || {
                let mut received = Vec::new();
                loop {
                    match scene.ring().pop(&mut received, Deadline::Never) {
                        Ok(_) => {}
                        Err(PopError::Eof) => return received,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }) as Body
        };
        let told = processes(vec![leaving, reading]);
        let received = told[1].as_deref().unwrap();
        assert!(received == [1] || (received.is_empty() && told[0].is_none()), "{received:?}");
    });
}
