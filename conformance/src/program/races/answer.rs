//! How much an expectation leaves open.

use procession_contract::{Datum, Outcome};
use serde::Serialize;

use crate::program::{Expect, Line, Place};

/// What is expected of a line, as far as the order of lines matters to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// How narrow it is.
    pub kind: Kind,
    /// The only payloads that it may get.
    pub items: Vec<u32>,
    /// The number or scalar that it must give, as JSON.
    pub value: Option<String>,
    /// It is told of a death.
    pub is_told: bool,
    /// It never returns.
    pub blocks: bool,
    /// It is refused whatever others do.
    pub in_vain: bool,
    /// It returns only after that line was called, or has returned (`true`).
    pub not_before: Vec<(Place, bool)>,
}

/// How narrow an expectation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Several answers will do.
    #[default]
    Open,
    /// It succeeds, with whatever result.
    Success,
    /// It fails, is told no, or never returns.
    Refusal,
    /// It gives exactly this.
    Fixed,
}

impl Answer {
    /// What is expected of this line.
    pub fn of(line: &Line) -> Answer {
        let mut answer = Answer::default();
        if let Some(expect) = &line.expect {
            answer.add(expect);
        }
        answer
    }

    /// The number that is expected.
    pub fn number(&self) -> Option<i64> {
        self.value.as_ref()?.parse().ok()
    }

    fn narrow(&mut self, kind: Kind) {
        self.kind = self.kind.max(kind);
    }

    fn add(&mut self, expect: &Expect) {
        match expect {
            Expect::Returns
            | Expect::TookAtLeast(_)
            | Expect::TookAtMost(_)
            | Expect::ItemAmong(_)
            | Expect::NotReached => {}
            Expect::Outcome(Outcome::Ok)
            | Expect::NotValue(_)
            | Expect::AtLeast(_)
            | Expect::AtMost(_)
            | Expect::GivesObject(_)
            | Expect::PidOf(_)
            | Expect::DiffersFrom(_)
            | Expect::TextBegins(_)
            | Expect::TextEnds(_)
            | Expect::TextContains(_) => self.narrow(Kind::Success),
            Expect::Outcome(Outcome::OwnerDied) => {
                self.is_told = true;
                self.narrow(Kind::Success);
            }
            Expect::Outcome(outcome) => {
                self.in_vain = matches!(
                    outcome,
                    Outcome::Closed | Outcome::WrongDirection | Outcome::BadValue | Outcome::BadType
                );
                self.narrow(Kind::Refusal);
            }
            Expect::Blocked => {
                self.blocks = true;
                self.narrow(Kind::Refusal);
            }
            Expect::OneOf(outcomes) if outcomes.iter().all(|outcome| *outcome == Outcome::Ok) => {
                self.narrow(Kind::Success);
            }
            Expect::OneOf(outcomes) if !outcomes.contains(&Outcome::Ok) => self.narrow(Kind::Refusal),
            Expect::OneOf(_) => {}
            Expect::Gives(Datum::Scalar(scalar)) => {
                self.value = written(scalar);
                self.narrow(Kind::Fixed);
            }
            Expect::Value(value) => {
                self.value = written(value);
                self.narrow(Kind::Fixed);
            }
            Expect::Reads(scalar) => {
                self.value = written(scalar);
                self.narrow(Kind::Fixed);
            }
            Expect::Item(item) => {
                self.items.push(item.id);
                self.narrow(Kind::Fixed);
            }
            Expect::Items(items) => {
                self.items.extend(items.iter().map(|item| item.id));
                self.narrow(Kind::Fixed);
            }
            Expect::Answer(..)
            | Expect::ItemValues(_)
            | Expect::ReadsAll(_)
            | Expect::Gives(_)
            | Expect::GivesAll(_)
            | Expect::Text(_)
            | Expect::SameAs(_)
            | Expect::Plus(..) => self.narrow(Kind::Fixed),
            Expect::NotBeforeCallOf(place) => self.not_before.push((place.clone(), false)),
            Expect::NotBeforeReturnOf(place) => self.not_before.push((place.clone(), true)),
            Expect::All(each) => each.iter().for_each(|expect| self.add(expect)),
            Expect::Any(each) => {
                let kinds = each.iter().map(|expect| {
                    let mut one = Answer::default();
                    one.add(expect);
                    // Yes or a death, of an acquire.
                    if one.value.as_deref() == Some("1") { Kind::Success } else { one.kind }
                });
                if kinds.min() == Some(Kind::Success) {
                    self.narrow(Kind::Success);
                }
            }
        }
    }

    /// The same, of a call that is answered by yes or no.
    pub fn yes_or_no(mut self) -> Answer {
        match self.value.as_deref() {
            Some("0") => self.kind = Kind::Refusal,
            Some("1") => self.kind = Kind::Success,
            _ => {}
        }
        self
    }
}

/// A value as it is compared with an expected one.
pub fn written(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}
