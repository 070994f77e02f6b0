//! Sessions at random, and an account of every item.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SESSIONS: usize = 6;

impl Weighed for u64 {
    fn bytes(&self) -> usize {
        3
    }
}

/// What a session does, by its number.
#[derive(Clone, Copy, Debug)]
enum Step {
    Put(usize),
    TryPut(usize),
    Get(usize),
    TryGet(usize),
    TaskDone,
    Join(usize),
    ShutDown(bool),
    /// The session wakes, and looks what has become of its call.
    Wake(usize),
    TimeOut(usize),
    /// Its client dies; if it waits, the server sees it.
    Die(usize),
    /// The client of a session that got something dies before it has it: one of these, by number modulo how many
    /// there are.
    PutBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..SESSIONS;
    prop_oneof![
        80 => session.clone().prop_map(Step::Put),
        20 => session.clone().prop_map(Step::TryPut),
        80 => session.clone().prop_map(Step::Get),
        30 => session.clone().prop_map(Step::TryGet),
        40 => Just(Step::TaskDone),
        20 => session.clone().prop_map(Step::Join),
        1 => any::<bool>().prop_map(Step::ShutDown),
        90 => session.clone().prop_map(Step::Wake),
        30 => session.clone().prop_map(Step::TimeOut),
        30 => session.prop_map(Step::Die),
        30 => (0..64usize).prop_map(Step::PutBack),
    ]
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Waits {
    Room(u64, Ticket),
    Item(Ticket),
    End(Ticket),
}

/// The queue, written down.
#[derive(Default)]
struct Model {
    items: VecDeque<Got<u64>>,
    /// How many there ever were.
    count: u64,
    /// What was got, and may come back.
    got: Vec<Got<u64>>,
    /// Items of those who wait for room, in the order in which they came.
    putting: VecDeque<u64>,
    /// How puts that had to wait have ended, of those who have not woken.
    put: HashMap<u64, PutEnd>,
    unfinished: u64,
    is_shut_down: bool,
    is_cleared: bool,
    /// Sessions that wait for the end of all tasks, and those for whom it has come.
    joining: Vec<usize>,
    joined: Vec<usize>,
}

impl Model {
    fn push(&mut self, item: u64) {
        self.items.push_back(Got { place: self.count, item });
        self.count += 1;
        self.unfinished += 1;
    }

    fn pop(&mut self, maxsize: Option<usize>) -> Result<Got<u64>, NotGot> {
        let Some(got) = self.items.pop_front() else {
            return Err(if self.is_shut_down { NotGot::ShutDown } else { NotGot::Empty });
        };
        if maxsize.is_none_or(|maxsize| self.items.len() < maxsize)
            && let Some(item) = self.putting.pop_front()
        {
            self.put.insert(item, PutEnd::Done);
            self.push(item);
        }
        self.got.push(got);
        Ok(got)
    }

    fn finish(&mut self) {
        if self.unfinished == 0 {
            self.joined.append(&mut self.joining);
        }
    }
}

fn run(maxsize: Option<usize>, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut queue: Items<usize, u64> = Items::new(maxsize);
    let mut model = Model::default();
    let mut sessions: Vec<Option<Waits>> = vec![None; SESSIONS];
    let mut next = 0;
    for step in steps {
        let mut wakers = Vec::new();
        match step {
            Step::Put(number) | Step::TryPut(number) if sessions[number].is_none() => {
                let item = next;
                next += 1;
                let is_full = maxsize.is_some_and(|maxsize| model.items.len() >= maxsize);
                let put = queue.try_put(item, &mut wakers);
                if model.is_shut_down {
                    prop_assert_eq!(put, Err(NotPut::ShutDown(item)));
                } else if !is_full {
                    prop_assert_eq!(put, Ok(()));
                    model.push(item);
                } else {
                    prop_assert_eq!(put, Err(NotPut::Full(item)));
                    if matches!(step, Step::Put(_)) {
                        sessions[number] = Some(Waits::Room(item, queue.enter_put(item, number)));
                        model.putting.push_back(item);
                    }
                }
            }
            Step::TryGet(number) if sessions[number].is_none() => {
                prop_assert_eq!(queue.try_get(&mut wakers), model.pop(maxsize));
            }
            Step::Get(number) if sessions[number].is_none() => {
                let calls = queue.getters.granted();
                match queue.try_get_in_turn(&mut wakers) {
                    Err(NotGot::Empty) => {
                        prop_assert!(model.items.len() <= calls, "an item is there for whoever comes");
                        sessions[number] = Some(Waits::Item(queue.enter_get(number)));
                    }
                    got => prop_assert_eq!(got, model.pop(maxsize)),
                }
            }
            Step::TaskDone => {
                let expected = if model.unfinished > 0 { Ok(()) } else { Err(TooOften) };
                prop_assert_eq!(queue.task_done(&mut wakers), expected);
                model.unfinished = model.unfinished.saturating_sub(1);
                model.finish();
            }
            Step::Join(number) if sessions[number].is_none() => {
                prop_assert_eq!(queue.is_finished(), model.unfinished == 0);
                if !queue.is_finished() {
                    sessions[number] = Some(Waits::End(queue.enter_join(number)));
                    model.joining.push(number);
                }
            }
            Step::ShutDown(immediate) => {
                let dropped = queue.shut_down(immediate, &mut wakers);
                let mut expected: Vec<u64> = model.putting.drain(..).collect();
                model.put.extend(expected.iter().map(|item| (*item, PutEnd::ShutDown)));
                if immediate {
                    model.unfinished = model.unfinished.saturating_sub(model.items.len() as u64);
                    expected.extend(model.items.drain(..).map(|got| got.item));
                    model.is_cleared = true;
                    model.finish();
                }
                model.is_shut_down = true;
                prop_assert_eq!(dropped, expected);
                prop_assert_eq!(queue.getters.waiting(), 0);
            }
            Step::Wake(number) => match sessions[number] {
                Some(Waits::Room(item, ticket)) => {
                    let found = queue.find_put(ticket);
                    prop_assert_eq!(found, model.put.remove(&item));
                    sessions[number] = sessions[number].filter(|_| found.is_none());
                }
                Some(Waits::Item(ticket)) => {
                    if let Some(got) = queue.find_get(ticket, &number, &mut wakers) {
                        prop_assert_eq!(got, model.pop(maxsize));
                        sessions[number] = None;
                    }
                }
                Some(Waits::End(ticket)) => {
                    let found = queue.find_join(ticket).is_some();
                    prop_assert_eq!(found, model.joined.contains(&number));
                    model.joined.retain(|other| *other != number);
                    sessions[number] = sessions[number].filter(|_| !found);
                }
                None => {}
            },
            Step::TimeOut(number) | Step::Die(number) => {
                let is_dead = matches!(step, Step::Die(_));
                match sessions[number].take() {
                    Some(Waits::Room(item, ticket)) => {
                        let expected = model.put.remove(&item).map_or(Left::Waiting(item), Left::Granted);
                        model.putting.retain(|other| *other != item);
                        prop_assert_eq!(queue.leave_put(ticket), Some(expected));
                    }
                    Some(Waits::Item(ticket)) if is_dead => queue.leave_get(ticket, &mut wakers),
                    Some(Waits::Item(ticket)) => {
                        prop_assert_eq!(queue.time_out_get(ticket, &mut wakers), model.pop(maxsize));
                    }
                    Some(Waits::End(ticket)) => {
                        queue.leave_join(ticket);
                        model.joining.retain(|other| *other != number);
                        model.joined.retain(|other| *other != number);
                    }
                    None => {}
                }
            }
            Step::PutBack(number) if !model.got.is_empty() => {
                let got = model.got.swap_remove(number % model.got.len());
                let dropped = queue.put_back(got, &mut wakers);
                prop_assert_eq!(dropped, model.is_cleared.then_some(got.item));
                if model.is_cleared {
                    model.unfinished = model.unfinished.saturating_sub(1);
                    model.finish();
                } else {
                    model.items.push_back(got);
                    model.items.make_contiguous().sort_by_key(|got| got.place);
                }
            }
            _ => {}
        }
        prop_assert_eq!(queue.len(), model.items.len());
        prop_assert_eq!(queue.bytes(), 3 * model.items.len());
        prop_assert_eq!(queue.is_finished(), model.unfinished == 0);
        prop_assert_eq!(queue.putters.waiting(), model.putting.len());
        prop_assert_eq!(queue.joiners.waiting(), model.joining.len());
        let is_full = maxsize.is_some_and(|maxsize| model.items.len() >= maxsize);
        prop_assert_eq!(queue.is_full(), is_full);
        prop_assert!(model.putting.is_empty() || is_full, "there is room and somebody waits to put");
        prop_assert!(
            queue.getters.waiting() == 0 || queue.getters.granted() >= queue.len(),
            "an item is there and somebody waits for it who was not called"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_item_is_lost_doubled_or_out_of_turn(maxsize in 0..4usize, steps in vec(step(), 1..500)) {
        run(Some(maxsize).filter(|maxsize| *maxsize > 0), steps)?;
    }
}

#[test]
fn the_dead_take_nothing_along() {
    let (mut queue, mut wakers) = (Items::new(None), Vec::new());
    let dead = queue.enter_get("dead");
    let living = queue.enter_get("living");
    queue.try_put(7u64, &mut wakers).unwrap();
    assert_eq!(wakers, ["dead"]);
    queue.leave_get(dead, &mut wakers);
    assert_eq!(wakers, ["dead", "living"]);
    assert_eq!(queue.find_get(living, &"living", &mut wakers), Some(Ok(Got { place: 0, item: 7 })));
}
