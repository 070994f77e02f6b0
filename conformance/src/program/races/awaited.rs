//! The rules for what a line waits for: items, locks, flags, notices.

use super::Here;
use super::answer::Kind;
use super::how::{How, Patience};
use super::lines::Use;
use super::order::Place;
use super::waits::is_unhurried;

impl Here<'_> {
    /// Whether that line may end a wait before the one that is said to end it.
    pub(super) fn may_end_it_early(&self, one: &Use, other: &Use) -> bool {
        let order = &self.lines.order;
        self.said(one).any(|said| {
            !(order.is_called_before(said, other.place)
                || self.is_over_before(other, one)
                || self.is_over_before(one, other)
                || self.is_spent_before(other, one))
        })
    }

    pub(super) fn is_taken(&self, one: &Use, patience: Patience, other: &Use) -> bool {
        let ordered = self.are_ordered(one, other);
        let is_lock = self.cell.starts_with("lock");
        if is_lock && self.lines.has_several_permits(self.uses) {
            return false;
        }
        match &other.touch.how {
            How::Gives(_) => match one.answer.kind {
                // The end of a stream, or of a proof, comes behind all that was sent.
                Kind::Refusal if self.is_way() => one.answer.blocks && !ordered,
                _ if is_lock && self.keeps_the_lock(other) => false,
                Kind::Refusal if is_lock && self.is_among_passages(one, other) => false,
                Kind::Refusal => !ordered && !self.is_spent_before(other, one),
                // All of them have to be done.
                _ if self.cell.starts_with("tasks") => false,
                _ if self.may_end_it_early(one, other) => true,
                Kind::Success | Kind::Fixed if patience == Patience::Short => {
                    // One that is there is enough, unless it is a lock that others have meanwhile.
                    !ordered && !self.is_spent_before(other, one) && (is_lock || !self.is_there_before(one))
                }
                _ => false,
            },
            // It has the lock again when its time is over.
            How::Regains(true) => patience == Patience::Short && one.answer.kind == Kind::Success && !ordered,
            How::Takes(_) | How::Passes if other.answer.kind != Kind::Refusal => {
                if ordered {
                    return false;
                }
                match one.answer.kind {
                    _ if one.answer.is_told => !self.lines.ends_by_itself(other.place.0),
                    Kind::Refusal if is_lock => !self.is_held_during(one),
                    Kind::Refusal if self.is_way() => false,
                    Kind::Refusal => self.is_there_before(one),
                    Kind::Fixed if !is_lock && !one.answer.items.is_empty() => true,
                    Kind::Success if is_lock && patience == Patience::Short => true,
                    _ => is_lock && self.is_holder(one, other),
                }
            }
            How::Writes(_) if self.cell.starts_with("tasks") => {
                let put = self.uses.iter().filter(|each| matches!(each.touch.how, How::Writes(_)));
                !one.answer.not_before.is_empty() && !put.into_iter().any(|put| self.is_over_before(put, one))
            }
            _ => false,
        }
    }

    /// Whether it is what one sends to another, and not a store.
    pub(super) fn is_way(&self) -> bool {
        self.cell.starts_with("way") || self.cell.starts_with("callers")
    }

    /// Whether something is surely there when a line begins: more was given than others can have taken.
    pub(super) fn is_there_before(&self, one: &Use) -> bool {
        let given = self
            .uses
            .iter()
            .filter(|each| matches!(each.touch.how, How::Gives(_)) && self.is_over_before(each, one));
        let taken = self.uses.iter().filter(|each| {
            matches!(each.touch.how, How::Takes(_))
                && each.place != one.place
                && each.answer.kind != Kind::Refusal
                && !self.is_over_before(one, each)
        });
        given.count() > taken.count()
    }

    /// Whether that line acquires what a line waits for, by the release that is said to end the wait.
    pub(super) fn is_holder(&self, one: &Use, other: &Use) -> bool {
        self.said(one).any(|said| {
            let last = self.uses.iter().rfind(|each| {
                matches!(each.touch.how, How::Takes(_)) && each.place.0 == said.0 && each.place.1 < said.1
            });
            last.is_some_and(|last| last.place == other.place)
        })
    }

    pub(super) fn is_awaited(
        &self,
        one: &Use,
        patience: Patience,
        ready: Option<bool>,
        alone: bool,
        other: &Use,
    ) -> bool {
        if self.cell.starts_with("word") {
            // Until that worker gives back the lock, the wait does not end.
            let is_delayed = self.said(one).any(|said| said.0 == other.place.0 && said.1 > other.place.1);
            let hurried = patience == Patience::Short && one.answer.kind == Kind::Success && !is_delayed;
            return (hurried || one.answer.kind == Kind::Refusal) && !self.are_ordered(one, other);
        }
        if !matches!(other.touch.how, How::Gives(_) | How::Takes(_) | How::Writes(_)) {
            return false;
        }
        if matches!(other.touch.how, How::Gives(_)) && self.may_end_it_early(one, other) {
            return true;
        }
        // The beginning of a process makes nothing ready.
        if self.cell.starts_with("process") && !other.is_end(self.lines.program) {
            return false;
        }
        let enough = alone && patience != Patience::Short && !matches!(other.touch.how, How::Takes(_));
        match ready {
            _ if self.are_ordered(one, other) => false,
            Some(true) => !(enough || (alone && self.is_there_before(one))),
            Some(false) => !matches!(other.touch.how, How::Takes(_)) || self.is_there_before(one),
            None => false,
        }
    }

    pub(super) fn is_flag_awaited(&self, one: &Use, patience: Patience, other: &Use) -> bool {
        let How::Raises(raised) = other.touch.how else { return false };
        let order = &self.lines.order;
        let sets = || self.uses.iter().filter(|each| each.touch.how == How::Raises(true));
        if raised && self.may_end_it_early(one, other) {
            return true;
        }
        match one.answer.kind {
            _ if self.are_ordered(one, other) => false,
            Kind::Refusal => raised,
            Kind::Success | Kind::Fixed if raised => {
                patience == Patience::Short && !sets().any(|set| self.is_over_before(set, one))
            }
            // It may be cleared before the wait begins, unless it waits already when it is set.
            Kind::Success | Kind::Fixed => {
                let told =
                    |set: &Use| order.waits_before(one.place, set.place) && self.is_over_before(set, other);
                !(is_unhurried(&one.touch.how) && sets().any(told))
            }
            Kind::Open => false,
        }
    }

    pub(super) fn is_notice_awaited(&self, one: &Use, other: &Use) -> bool {
        if other.touch.how != How::Notifies {
            return false;
        }
        let notices = || self.uses.iter().filter(|each| each.touch.how == How::Notifies);
        let order = &self.lines.order;
        let ordered = self.are_ordered(one, other);
        match one.answer.kind {
            Kind::Refusal => !ordered,
            _ if self.is_woken_early(one, other) => true,
            Kind::Success => {
                !ordered
                    && !self.is_spent_before(other, one)
                    && !notices().any(|each| order.waits_before(one.place, each.place))
            }
            _ => false,
        }
    }

    /// Whether that notification may wake a line before the one that is said to do so; a line may also be said
    /// to wait for a release of the lock, behind the notification.
    pub(super) fn is_woken_early(&self, one: &Use, other: &Use) -> bool {
        let notifies =
            |said: Place| self.uses.iter().any(|each| each.place == said && each.touch.how == How::Notifies);
        self.said(one).all(notifies) && self.may_end_it_early(one, other)
    }

    pub(super) fn is_met(&self, one: &Use, other: &Use) -> bool {
        if !self.cell.starts_with("barrier") {
            return false;
        }
        let How::Writes(_) = other.touch.how else { return false };
        // It waited before for what that line does, and began this wait afterwards.
        let is_told = |each: &Use| {
            each.place.0 == one.place.0
                && each.place.1 < one.place.1
                && self.said(each).any(|said| said == other.place)
        };
        let minds = matches!(one.answer.kind, Kind::Success | Kind::Fixed);
        minds && !self.are_ordered(one, other) && !self.uses.iter().any(is_told)
    }
}
