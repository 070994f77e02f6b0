//! What clients have told of their calls, and whether what is there in the end agrees with it.
//!
//! A client tells each call before and after it, so one that is killed leaves at most one of which nobody knows
//! whether it was done. An item of a queue it tells once more, when it has seen it in the reply and not yet read it:
//! what nobody has got, nobody has seen and is not there is lost.

use std::collections::{BTreeMap, HashSet};

/// The books.
#[derive(Debug, Default)]
pub struct Ledger {
    calls: BTreeMap<String, Calls>,
    stocks: BTreeMap<String, Stock>,
    tallies: BTreeMap<String, Tally>,
    /// What clients said of calls that failed as none should.
    failures: Vec<String>,
}

/// How many calls of one kind there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Those that were answered.
    pub answered: u64,
    /// Those in which a client was killed.
    pub killed: u64,
}

/// The items of a queue.
#[derive(Debug, Default)]
struct Stock {
    put: HashSet<u64>,
    /// Their clients were killed while they put them.
    perhaps_put: HashSet<u64>,
    got: HashSet<u64>,
    /// Their clients had seen them in the reply, and were killed before they told that they had read it. They have
    /// taken them along, or others have got them.
    seen: HashSet<u64>,
    got_twice: u64,
    /// How many clients were killed while they got one.
    killed_in_get: u64,
}

/// What is added to a number.
#[derive(Debug, Default)]
struct Tally {
    added: i64,
    perhaps_added: i64,
}

/// A line of a client, and what it is in the middle of.
#[derive(Debug, Default)]
pub struct Page {
    call: Option<String>,
    /// The item that it has seen and perhaps not read.
    seen: Option<u64>,
    /// It is at work.
    pub is_ready: bool,
}

/// What the books say of a queue or a number.
#[derive(Debug, PartialEq, Eq)]
pub struct Balance {
    /// In words.
    pub text: String,
    /// What cannot be.
    pub fault: Option<String>,
}

impl Ledger {
    /// Takes down what a client has told.
    pub fn note(&mut self, page: &mut Page, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("ready", _) => page.is_ready = true,
            (">", call) => page.call = Some(call.into()),
            ("~", item) => page.seen = item.parse().ok(),
            ("<", answer) => {
                page.seen = None;
                if let Some(call) = page.call.take() {
                    self.answered(&call, answer);
                }
            }
            ("!", failure) => self.failures.push(match page.call.take() {
                Some(call) => format!("{call}: {failure}"),
                None => failure.into(),
            }),
            // A line that a kill has cut off is that of a call that was under way.
            _ => {}
        }
    }

    /// A client was killed: what becomes of its last call.
    pub fn close(&mut self, page: Page) {
        let Some(call) = page.call else { return };
        self.kind(&call).killed += 1;
        match words(&call)[..] {
            ["put", item, name] => {
                if let Ok(item) = item.parse() {
                    self.stock(name).perhaps_put.insert(item);
                }
            }
            ["get", name] => {
                let stock = self.stock(name);
                stock.seen.extend(page.seen);
                stock.killed_in_get += 1;
            }
            ["add" | "bump", name] => self.tally(name).perhaps_added += 1,
            _ => {}
        }
    }

    fn answered(&mut self, call: &str, answer: &str) {
        self.kind(call).answered += 1;
        match (&words(call)[..], answer) {
            (["put" | "get", ..], "-") => {}
            (["put", item, name], _) => {
                if let Ok(item) = item.parse() {
                    self.stock(name).put.insert(item);
                }
            }
            (["get", name], item) => {
                if let Ok(item) = item.parse() {
                    self.take(name, item);
                }
            }
            (["add" | "bump", name], _) => self.tally(name).added += 1,
            _ => {}
        }
    }

    /// An item was got from a queue.
    pub fn take(&mut self, name: &str, item: u64) {
        let stock = self.stock(name);
        if !stock.got.insert(item) {
            stock.got_twice += 1;
        }
    }

    fn kind(&mut self, call: &str) -> &mut Calls {
        let kind = match words(call)[..] {
            [verb, _, name] | [verb, name] => format!("{verb} {name}"),
            _ => call.into(),
        };
        self.calls.entry(kind).or_default()
    }

    fn stock(&mut self, name: &str) -> &mut Stock {
        self.stocks.entry(name.into()).or_default()
    }

    fn tally(&mut self, name: &str) -> &mut Tally {
        self.tallies.entry(name.into()).or_default()
    }

    /// The calls, by kind.
    pub fn calls(&self) -> &BTreeMap<String, Calls> {
        &self.calls
    }

    /// All calls together.
    pub fn total(&self) -> Calls {
        self.calls.values().fold(Calls::default(), |sum, calls| Calls {
            answered: sum.answered + calls.answered,
            killed: sum.killed + calls.killed,
        })
    }

    /// What clients said of calls that failed as none should.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The balance of a queue of which this many items were left, which have been taken down as got.
    pub fn queue(&self, name: &str, left: usize) -> Balance {
        self.items(name, left, |_| 0)
    }

    /// The balance of a list that is used as a queue: whoever is killed in a `pop` may take an item along.
    pub fn list(&self, name: &str, left: usize) -> Balance {
        self.items(name, left, |stock| stock.killed_in_get)
    }

    /// The balance of items, of which so many may be gone that nobody has seen.
    fn items(&self, name: &str, left: usize, may_be_gone: impl Fn(&Stock) -> u64) -> Balance {
        let empty = Stock::default();
        let stock = self.stocks.get(name).unwrap_or(&empty);
        let gone: Vec<&u64> = stock.put.difference(&stock.got).collect();
        let along = gone.iter().filter(|item| stock.seen.contains(item)).count() as u64;
        let lost = gone.len() as u64 - along;
        let may_be_gone = may_be_gone(stock);
        let from_nowhere = stock
            .got
            .iter()
            .chain(&stock.seen)
            .filter(|item| !stock.put.contains(item) && !stock.perhaps_put.contains(item));
        let from_nowhere = from_nowhere.count();
        let (put, killed_in_get) = (stock.put.len(), stock.killed_in_get);
        let text = format!(
            "{put} put, {left} left, {killed_in_get} clients killed in a get: {along} taken along, {lost} lost"
        );
        let fault = if stock.got_twice > 0 {
            Some(format!("{} items were got twice", stock.got_twice))
        } else if from_nowhere > 0 {
            Some(format!("{from_nowhere} items were got that nobody has put"))
        } else if lost > may_be_gone {
            Some(format!("{lost} items are lost, and at most {may_be_gone} may be"))
        } else {
            None
        };
        Balance { text, fault }
    }

    /// The balance of a number that has become this one, from 0.
    pub fn number(&self, name: &str, found: i64) -> Balance {
        let empty = Tally::default();
        let Tally { added, perhaps_added } = self.tallies.get(name).unwrap_or(&empty);
        let most = added + perhaps_added;
        let text = format!("{found}, and it was to be {added} to {most}");
        let fault = (!(*added..=most).contains(&found)).then(|| format!("it is {text}"));
        Balance { text, fault }
    }
}

fn words(call: &str) -> Vec<&str> {
    call.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The books of clients that have told these lines and were then killed.
    fn books(clients: &[&[&str]]) -> Ledger {
        let mut ledger = Ledger::default();
        for lines in clients {
            let mut page = Page::default();
            lines.iter().for_each(|line| ledger.note(&mut page, line));
            ledger.close(page);
        }
        ledger
    }

    #[test]
    fn calls_are_counted_by_kind() {
        let ledger = books(&[&["ready", "> put 1 jobs", "< ", "> put 2 jobs", "< -", "> get jobs"]]);
        let calls: Vec<_> = ledger.calls().iter().map(|(kind, calls)| (kind.as_str(), *calls)).collect();
        let expected =
            [("get jobs", Calls { answered: 0, killed: 1 }), ("put jobs", Calls { answered: 2, killed: 0 })];
        assert_eq!(calls, expected);
        assert_eq!(ledger.total(), Calls { answered: 2, killed: 1 });
    }

    #[test]
    fn an_item_goes_only_with_who_has_seen_it() {
        let put: &[&str] = &["> put 1 jobs", "< ", "> put 2 jobs", "< "];
        let of = |get: &[&str]| books(&[put, &["> get jobs", "~ 1", "< 1"], get]).queue("jobs", 0).fault;
        assert_eq!(of(&["> get jobs", "~ 2"]), None);
        assert_eq!(of(&["> get jobs", "~ 2", "< 2", "> get jobs"]), None);
        let lost = Some("1 items are lost, and at most 0 may be".to_owned());
        for get in [&["> get jobs", "< -", "> get jobs"][..], &["> get jobs"], &["> get jobs", "~ 1"], &[]] {
            assert_eq!(of(get), lost, "{get:?}");
        }
    }

    #[test]
    fn what_was_seen_may_come_to_another() {
        let put: &[&str] = &["> put 1 jobs", "< "];
        let (seen, got): (&[&str], &[&str]) = (&["> get jobs", "~ 1"], &["> get jobs", "~ 1", "< 1"]);
        assert_eq!(books(&[put, seen, seen, got]).queue("jobs", 0).fault, None);
        let never = books(&[seen]).queue("jobs", 0).fault;
        assert_eq!(never.as_deref(), Some("1 items were got that nobody has put"));
    }

    #[test]
    fn an_item_of_a_list_goes_with_who_was_killed_in_a_pop() {
        let put: &[&str] = &["> put 1 log", "< ", "> put 2 log", "< "];
        assert_eq!(books(&[put, &["> get log", "< 1", "> get log"]]).list("log", 0).fault, None);
        let lost = books(&[put, &["> get log", "< 1", "> get log", "< -"]]).list("log", 0).fault;
        assert_eq!(lost.as_deref(), Some("1 items are lost, and at most 0 may be"));
    }

    #[test]
    fn an_item_is_got_once_and_was_put() {
        let get: &[&str] = &["> get jobs", "< 1"];
        let twice = books(&[&["> put 1 jobs", "< "], get, get]).queue("jobs", 0).fault;
        assert_eq!(twice.as_deref(), Some("1 items were got twice"));
        let never = books(&[&["> put 1 jobs", "< -"], get]).queue("jobs", 0).fault;
        assert_eq!(never.as_deref(), Some("1 items were got that nobody has put"));
        assert_eq!(books(&[&["> put 1 jobs"], get]).queue("jobs", 0).fault, None);
    }

    #[test]
    fn a_number_is_what_was_added_and_perhaps_what_was_being_added() {
        let ledger = books(&[&["> add total", "< ", "> add total"], &["> add total", "< "]]);
        assert_eq!([2, 3].map(|found| ledger.number("total", found).fault), [None, None]);
        assert!([1, 4].iter().all(|found| ledger.number("total", *found).fault.is_some()));
    }

    #[test]
    fn what_fails_as_none_should_is_told_with_its_call() {
        let ledger = books(&[&["> add total", "! RemoteError: so it is"], &["! gone"], &["> get jo"]]);
        assert_eq!(ledger.failures(), ["add total: RemoteError: so it is", "gone"]);
    }
}
