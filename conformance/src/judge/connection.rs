//! The judges of connections: what a pipe delivers, in which order, and when it says that it is over.
//!
//! `eof` is right only when no process can hold the other end any more and everything that was sent
//! has been received, and then for ever; `broken_pipe` only when nobody can hold the receiving end. A
//! process holds an end if it was given it, as `gets` says, until it closes or releases it or ends;
//! only a process that certainly held it at that moment convicts. Whoever was told rightly that nobody
//! holds an end any more has told everybody: a call that waits for that end then hangs.
//!
//! Tests compare both judges with brute force on small histories.

use std::collections::{HashMap, HashSet, VecDeque};

use procession_contract::{Call, Item, Outcome, Value};

use super::holders::{certainly_closed, certainly_held};
use super::queue::{Effect, NEVER, Put, Queue, Span, answered, cite};
use super::{Progress, Run, fail, fifo, queue, words};
use crate::history::WorkerEnd;
use crate::verdict::{Failure, FailureKind, Verdict};

/// Each direction delivers whole messages in the order in which they were sent, then the end.
pub fn order(run: &Run, pipe: &str) -> Verdict {
    both(run, pipe, |direction| {
        let taken = direction.in_order(run)?;
        direction.end_of_stream(run, &taken)?;
        match (direction.waiting.first(), direction.eofs.first()) {
            (Some(receive), Some(eof)) if !direction.foreign => Err(direction.hang(
                run,
                *receive,
                "another receive has met the end of the stream",
                Some(*eof),
            )),
            _ => Ok(taken),
        }
    })
}

/// Whatever is delivered is a message that somebody sent, whole and at most once; what one sender
/// sent, a receiver that is alone receives in order.
pub fn whole(run: &Run, pipe: &str) -> Verdict {
    both(run, pipe, |direction| {
        let taken = direction.matched(run)?;
        direction.sender_order(run, &taken).map(|()| taken)
    })
}

/// Judges both directions, then the calls that still wait.
fn both(run: &Run, pipe: &str, judge: impl Fn(&Direction) -> Result<Vec<usize>, Verdict>) -> Verdict {
    let mut verdict = Verdict::Pass;
    for (from, to) in [("0", "1"), ("1", "0")] {
        let direction = Direction::of(run, format!("{pipe}.{from}"), format!("{pipe}.{to}"));
        let judged = direction.broken.clone().map_or_else(|| judge(&direction), Err);
        verdict = verdict.and(match judged.and_then(|taken| direction.waiting_calls(run, &taken)) {
            Ok(()) => Verdict::Pass,
            Err(verdict) => verdict,
        });
    }
    verdict
}

/// A message as it was sent.
struct Sent {
    item: Item,
    key: (i64, u64),
    /// The bytes, if it was sent as bytes.
    bytes: Option<Vec<u8>>,
    span: Span,
    effect: Effect,
}

/// What a receive reported.
enum Seen {
    Message((i64, u64)),
    /// A buffer of this length with the message at this place: its length and the buffer's print.
    Buffer {
        len: u32,
        offset: i64,
        value: i64,
        aux: u64,
    },
    /// Only the fingerprint is known, for the buffer was too short.
    Print(u64),
}

/// One direction of a pipe.
struct Direction {
    from: String,
    to: String,
    sent: Vec<Sent>,
    received: Vec<(Seen, Span)>,
    eofs: Vec<Span>,
    /// Sends that found nobody to receive.
    refused: Vec<Span>,
    /// Receives that may have taken a message which nobody saw.
    unseen: Vec<Span>,
    /// Whether somebody was killed while it sent.
    cut_off: bool,
    /// Receives that waited when nothing could move any more.
    waiting: Vec<Span>,
    /// Something that these judges do not follow went through it, or made it unusable.
    foreign: bool,
    broken: Option<Verdict>,
}

impl Direction {
    fn of(run: &Run, from: String, to: String) -> Direction {
        let mut direction = Direction {
            from,
            to,
            sent: Vec::new(),
            received: Vec::new(),
            eofs: Vec::new(),
            refused: Vec::new(),
            unseen: Vec::new(),
            cut_off: false,
            waiting: Vec::new(),
            foreign: false,
            broken: None,
        };
        for (worker, line) in run.places() {
            let step = &run.line(worker, line).step;
            let at_exit =
                matches!(&step.call, Call::AtExitSend { connection, .. } if *connection == direction.from);
            let (called, returned) = match run.progress(worker, line) {
                Progress::NotReached => continue,
                Progress::Pending(call) => (call.called_ns, None),
                Progress::Returned(call, returned) => (call.called_ns, Some(returned)),
            };
            let span =
                Span { worker, line, called, returned: returned.map_or(NEVER, |returned| returned.at_ns) };
            let outcome = returned.map(|returned| returned.answer.outcome);
            if step.on == direction.from || at_exit {
                direction.send(run, &step.call, span, outcome);
            }
            if step.on == direction.to {
                direction.receive(run, &step.call, span, outcome);
            }
        }
        direction
    }

    fn send(&mut self, run: &Run, call: &Call, span: Span, outcome: Option<Outcome>) {
        let waits = run.quiescent() && run.end(span.worker) == WorkerEnd::Running;
        let effect = match (outcome, call) {
            (_, Call::AtExitSend { .. }) => Effect::Possible,
            (Some(Outcome::Ok), _) => Effect::Certain,
            (None, _) if waits => Effect::Waiting,
            (None | Some(Outcome::BrokenPipe | Outcome::Other | Outcome::Corrupt), _) => Effect::Possible,
            (Some(other), _) => Effect::None(other),
        };
        if outcome == Some(Outcome::BrokenPipe) {
            if certainly_held(run, &self.to, span.returned) {
                self.broken = Some(fail(
                    FailureKind::WrongOutcome,
                    format!("{} is open in another process, so sending succeeds", self.to),
                    answered(run, span),
                    cite(run, &[span]),
                ));
            }
            self.refused.push(span);
        }
        let span = if effect == Effect::Possible { Span { returned: NEVER, ..span } } else { span };
        self.cut_off |=
            outcome.is_none() && !waits && matches!(call, Call::Send { .. } | Call::SendBytes { .. });
        match call {
            Call::Send { item } | Call::AtExitSend { item, .. } => {
                self.sent.push(Sent { item: *item, key: item.expected(), bytes: None, span, effect });
            }
            Call::SendBytes { item, offset, size, .. } => {
                let all = item.raw_bytes();
                let begin = usize::try_from(offset.unwrap_or(0)).unwrap_or(0).min(all.len());
                let rest = all.len() - begin;
                let size = size.map_or(rest, |size| usize::try_from(size).unwrap_or(0).min(rest));
                let bytes = all[begin..begin + size].to_vec();
                let value = Value::Bytes(bytes.clone());
                let key = (value.id(), value.fingerprint());
                self.sent.push(Sent { item: *item, key, bytes: Some(bytes), span, effect });
            }
            Call::WriteRaw { .. } | Call::SendConnection { .. } | Call::SendNonBytes => self.foreign = true,
            _ => {}
        }
    }

    fn receive(&mut self, run: &Run, call: &Call, span: Span, outcome: Option<Outcome>) {
        let into = match call {
            Call::Recv | Call::RecvBytes { .. } => None,
            Call::RecvBytesInto { len, offset, .. } => Some((*len, *offset)),
            Call::RecvConnection { .. } => {
                self.foreign = true;
                return;
            }
            _ => return,
        };
        let answer = match run.progress(span.worker, span.line) {
            Progress::Returned(_, returned) => &returned.answer,
            _ if run.quiescent() && run.end(span.worker) == WorkerEnd::Running => {
                return self.waiting.push(span);
            }
            _ => return self.unseen.push(span),
        };
        match outcome {
            Some(Outcome::Ok) => {
                let seen = match into {
                    None => Seen::Message((answer.value, answer.aux)),
                    Some((len, offset)) => Seen::Buffer { len, offset, value: answer.value, aux: answer.aux },
                };
                self.received.push((seen, span));
            }
            Some(Outcome::BufferTooShort) => self.received.push((Seen::Print(answer.aux), span)),
            Some(Outcome::DecodeFailed) => {
                let undecodable = Item::of(0, procession_contract::ItemKind::Undecodable);
                self.received.push((Seen::Message(undecodable.expected()), span));
            }
            Some(Outcome::Eof) => self.eofs.push(span),
            Some(Outcome::TooLong | Outcome::Other) => self.foreign = true,
            Some(Outcome::Corrupt) => {
                let cut_off = self.foreign || self.sent.iter().any(|sent| sent.effect == Effect::Possible);
                // Who is killed in the middle of a message leaves a part of it, wherever its line stands.
                let killed = |worker| run.end(worker) == WorkerEnd::Died;
                if !cut_off && !(0..run.program.roles.len()).any(killed) {
                    let cited = cite(run, &[span]);
                    self.broken =
                        Some(fail(FailureKind::Torn, "whole messages only", answered(run, span), cited));
                }
                self.foreign = true;
            }
            _ => {}
        }
    }

    /// The sends whose messages were received, in the order of the receives, each the next one sent.
    fn in_order(&self, run: &Run) -> Result<Vec<usize>, Verdict> {
        let several = |mut workers: Vec<usize>| {
            workers.dedup();
            workers.len() > 1
        };
        let receives = self.received.iter().map(|(_, span)| span).chain(&self.unseen);
        if several(self.sent.iter().map(|sent| sent.span.worker).collect())
            || several(receives.map(|span| span.worker).collect())
        {
            return self.in_some_order(run);
        }
        let mut next =
            (0..self.sent.len()).filter(|sent| !matches!(self.sent[*sent].effect, Effect::None(_)));
        let mut taken = Vec::with_capacity(self.received.len());
        for (seen, span) in &self.received {
            match next.next() {
                Some(sent) if self.sent[sent].is(seen) && self.sent[sent].span.called <= span.returned => {
                    taken.push(sent)
                }
                expected => return Err(self.unexpected(run, expected, &taken, seen, *span)),
            }
        }
        Ok(taken)
    }

    /// Several workers send or receive: their messages keep the order of a queue.
    fn in_some_order(&self, run: &Run) -> Result<Vec<usize>, Verdict> {
        let taken = self.matched(run)?;
        let puts = self.sent.iter().map(|sent| Put {
            item: sent.item,
            span: sent.span,
            effect: sent.effect,
            at_risk: false,
            taken: None,
        });
        let mut queue = Queue { puts: puts.collect(), ..Queue::default() };
        for (sent, (_, span)) in taken.iter().zip(&self.received) {
            queue.puts[*sent].taken = Some(queue.gets.len());
            queue.gets.push((*sent, *span));
        }
        let failed = match fifo::find(&queue) {
            None if self.unseen.is_empty() => return Ok(taken),
            Some(pattern) if self.unseen.is_empty() => pattern.verdict(run, &queue),
            // A message that a killed receiver took explains a gap, but not every gap.
            _ => match self.searched(run, queue) {
                Verdict::Pass => return Ok(taken),
                failed => failed,
            },
        };
        match failed {
            Verdict::Fail(_) if self.has_twins() => Err(self.undecided()),
            Verdict::Fail(failure) if failure.kind == FailureKind::NotLinearizable => {
                Err(Verdict::Fail(Failure { kind: FailureKind::OutOfOrder, ..failure }))
            }
            other => Err(other),
        }
    }

    /// Whether some order explains the messages together with those that killed receivers may have
    /// taken, the ends of the stream and the receives that wait.
    fn searched(&self, run: &Run, mut queue: Queue) -> Verdict {
        for put in queue.puts.iter_mut().filter(|put| put.effect == Effect::Waiting) {
            // That it hangs if it was received is said elsewhere; how much a pipe holds is not known.
            put.effect = if put.taken.is_some() { Effect::Possible } else { Effect::None(Outcome::Full) };
        }
        queue.unseen = self.unseen.clone();
        if !self.foreign {
            queue.empties = self.eofs.clone();
            queue.waiting = self.waiting.clone();
        }
        queue::searched(run, &queue, 0)
    }

    /// Whether two messages are equal.
    fn has_twins(&self) -> bool {
        let mut keys = HashSet::new();
        self.sent.iter().any(|sent| !matches!(sent.effect, Effect::None(_)) && !keys.insert(sent.key))
    }

    /// Whether a message that was sent for sure is equal to one that perhaps was.
    fn has_uncertain_twins(&self) -> bool {
        let with = |wanted: fn(Effect) -> bool| {
            self.sent.iter().filter(move |sent| wanted(sent.effect)).map(|sent| sent.key)
        };
        let certain: HashSet<_> = with(|effect| effect == Effect::Certain).collect();
        with(|effect| matches!(effect, Effect::Possible | Effect::Waiting)).any(|key| certain.contains(&key))
    }

    /// What is said of a failure that may be another matching of equal messages.
    fn undecided(&self) -> Verdict {
        let from = &self.from;
        Verdict::Unresolved(format!("of equal messages through {from} nothing tells which one came"))
    }

    /// The sends whose messages were received: each message that of a send, and no send twice. Of equal
    /// messages the one that was sent first is taken to be received first.
    fn matched(&self, run: &Run) -> Result<Vec<usize>, Verdict> {
        let mut by_call: Vec<usize> =
            (0..self.sent.len()).filter(|sent| !matches!(self.sent[*sent].effect, Effect::None(_))).collect();
        by_call.sort_by_key(|sent| self.sent[*sent].span.called);
        let mut by_key: HashMap<(i64, u64), VecDeque<usize>> = HashMap::with_capacity(by_call.len());
        for sent in &by_call {
            by_key.entry(self.sent[*sent].key).or_default().push_back(*sent);
        }
        let mut free = vec![true; self.sent.len()];
        let mut by_return: Vec<usize> = (0..self.received.len()).collect();
        by_return.sort_by_key(|receive| self.received[*receive].1.returned);
        let mut taken = vec![usize::MAX; self.received.len()];
        for receive in by_return {
            let (seen, span) = &self.received[receive];
            let found = match seen {
                Seen::Message(key) => by_key.get_mut(key).and_then(|sends| {
                    // One may have been received into a buffer, which is found without its key.
                    std::iter::from_fn(|| sends.pop_front()).find(|sent| free[*sent])
                }),
                Seen::Buffer { .. } | Seen::Print(_) => {
                    by_call.iter().copied().find(|sent| free[*sent] && self.sent[*sent].is(seen))
                }
            };
            match found.filter(|sent| self.sent[*sent].span.called <= span.returned) {
                Some(sent) => {
                    free[sent] = false;
                    taken[receive] = sent;
                }
                None => return Err(self.unexpected(run, None, &taken, seen, *span)),
            }
        }
        Ok(taken)
    }

    fn sender_order(&self, run: &Run, taken: &[usize]) -> Result<(), Verdict> {
        let mut receivers = self.received.iter().map(|(_, span)| span.worker);
        let first = receivers.next();
        if receivers.any(|other| Some(other) != first) {
            return Ok(());
        }
        for (index, sent) in taken.iter().enumerate() {
            let sender = self.sent[*sent].span.worker;
            let later =
                taken[..index].iter().find(|other| self.sent[**other].span.worker == sender && *other > sent);
            if let Some(later) = later {
                if self.has_twins() {
                    return Err(self.undecided());
                }
                let (_, span) = &self.received[index];
                return Err(fail(
                    FailureKind::OutOfOrder,
                    format!(
                        "{} before {}, as {} sent them",
                        self.words(*sent),
                        self.words(*later),
                        run.name(sender)
                    ),
                    format!("{} came first", self.words(*later)),
                    cite(run, &[*span, self.sent[*sent].span, self.sent[*later].span]),
                ));
            }
        }
        Ok(())
    }

    fn words(&self, sent: usize) -> String {
        words::item(&self.sent[sent].item)
    }

    /// The failure of a receive that returned something else than the next message.
    fn unexpected(
        &self,
        run: &Run,
        next: Option<usize>,
        taken: &[usize],
        seen: &Seen,
        span: Span,
    ) -> Verdict {
        let same = (0..self.sent.len()).find(|sent| self.sent[*sent].is(seen));
        let like = (0..self.sent.len()).find(|sent| match seen {
            Seen::Message((id, _)) => *id != 0 && self.sent[*sent].key.0 == *id,
            Seen::Buffer { .. } | Seen::Print(_) => false,
        });
        if self.foreign && same.is_none() {
            return Verdict::Unresolved(format!(
                "not everything that went through {} can be told apart",
                self.from
            ));
        }
        let expected = match next {
            Some(next) => format!("{} receives {} next", self.to, self.words(next)),
            None => format!("{} receives what was sent, once and not before", self.to),
        };
        let (kind, actual) = match (same, like) {
            (Some(same), _) if taken.contains(&same) => {
                (FailureKind::Duplicated, format!("it received {} a second time", self.words(same)))
            }
            (Some(same), _) if self.sent[same].span.called > span.returned => {
                (FailureKind::Invented, format!("it received {}, which was not sent yet", self.words(same)))
            }
            (Some(same), _) if matches!(self.sent[same].effect, Effect::None(_)) => {
                (FailureKind::Invented, format!("it received {}, which was refused", self.words(same)))
            }
            (Some(same), _) => {
                let later = |next: usize| self.received.iter().any(|(seen, _)| self.sent[next].is(seen));
                let kind = if next.is_none_or(later) { FailureKind::OutOfOrder } else { FailureKind::Lost };
                (kind, format!("it received {}", self.words(same)))
            }
            (None, Some(like)) => (FailureKind::Torn, format!("it received {}, damaged", self.words(like))),
            (None, None) => match (seen, next) {
                // The id lies in the damaged part, or the message carries none.
                (Seen::Buffer { .. } | Seen::Print(_), Some(_)) | (Seen::Message((0, _)), Some(_)) => {
                    (FailureKind::Torn, "it received that, damaged, or what nobody sent".to_owned())
                }
                _ => (FailureKind::Invented, "it received what nobody sent".to_owned()),
            },
        };
        let mut spans = vec![span];
        spans.extend(next.or(same).or(like).map(|sent| self.sent[sent].span));
        fail(kind, expected, actual, cite(run, &spans))
    }

    fn end_of_stream(&self, run: &Run, taken: &[usize]) -> Result<(), Verdict> {
        let left = self.left(taken);
        for eof in &self.eofs {
            if certainly_held(run, &self.from, eof.returned) {
                return Err(fail(
                    FailureKind::WrongOutcome,
                    format!("no end of the stream while {} is open", self.from),
                    answered(run, *eof),
                    cite(run, &[*eof]),
                ));
            }
            if let Some((_, after)) = self.received.iter().find(|(_, span)| eof.returned < span.called) {
                return Err(fail(
                    FailureKind::WrongOutcome,
                    "nothing after the end of the stream",
                    answered(run, *after),
                    cite(run, &[*after, *eof]),
                ));
            }
            let unseen = self.unseen.iter().filter(|unseen| unseen.called <= eof.returned).count();
            if let (Some(first), false) = (left.first(), self.foreign || left.len() <= unseen) {
                if self.has_uncertain_twins() {
                    return Err(self.undecided());
                }
                return Err(fail(
                    FailureKind::Lost,
                    format!("{} is received before the end of the stream", self.words(*first)),
                    answered(run, *eof),
                    cite(run, &[*eof, self.sent[*first].span]),
                ));
            }
        }
        Ok(())
    }

    /// The messages that were sent and not received.
    fn left(&self, taken: &[usize]) -> Vec<usize> {
        let mut left: Vec<bool> = self.sent.iter().map(|sent| sent.effect == Effect::Certain).collect();
        taken.iter().for_each(|sent| left[*sent] = false);
        (0..left.len()).filter(|sent| left[*sent]).collect()
    }

    /// A receive may wait only while nothing is there and somebody may still send; a send only until
    /// its message has been received, while somebody may receive it.
    fn waiting_calls(&self, run: &Run, taken: &[usize]) -> Result<(), Verdict> {
        if self.foreign {
            return Ok(());
        }
        let left = self.left(taken);
        if let Some(receive) = self.waiting.first() {
            if left.len() > self.unseen.len() {
                if self.has_uncertain_twins() {
                    return Err(self.undecided());
                }
                let sent = left[0];
                let why = format!("{} was sent", self.words(sent));
                return Err(self.hang(run, *receive, &why, Some(self.sent[sent].span)));
            }
            if certainly_closed(run, &self.from) {
                let why = format!("nobody holds {} any more", self.from);
                return Err(self.hang(run, *receive, &why, None));
            }
        }
        for (index, sent) in self.sent.iter().enumerate().filter(|(_, sent)| sent.effect == Effect::Waiting) {
            if taken.contains(&index) {
                // It may have been an equal one, of somebody who was killed while he sent it, say.
                let is_twin = |(other, twin): (usize, &Sent)| {
                    twin.key == sent.key && !matches!(twin.effect, Effect::None(_)) && !taken.contains(&other)
                };
                if self.sent.iter().enumerate().any(is_twin) {
                    return Err(self.undecided());
                }
                return Err(self.hang(run, sent.span, "its message was received", None));
            }
            if certainly_closed(run, &self.to) || !self.refused.is_empty() {
                let why = format!("nobody holds {} any more", self.to);
                return Err(self.hang(run, sent.span, &why, self.refused.first().copied()));
            }
            // Who was killed in the middle of a message may keep the others from theirs.
            if let (Some(receive), true, false) = (self.waiting.first(), self.unseen.is_empty(), self.cut_off)
            {
                return Err(self.hang(run, sent.span, "a receive waits for a message", Some(*receive)));
            }
        }
        Ok(())
    }

    fn hang(&self, run: &Run, span: Span, why: &str, more: Option<Span>) -> Verdict {
        let spans: Vec<_> = std::iter::once(span).chain(more).collect();
        fail(
            FailureKind::Hang,
            format!("{} returns, since {why}", run.called(span.worker, span.line)),
            "it was still pending when nothing could move any more",
            cite(run, &spans),
        )
    }
}

impl Sent {
    fn is(&self, seen: &Seen) -> bool {
        match (seen, &self.bytes) {
            (Seen::Message(key), _) => self.key == *key,
            (Seen::Print(print), _) => self.key.1 == *print,
            (Seen::Buffer { len, offset, value, aux }, Some(bytes)) => {
                let mut buffer = vec![0xEE; *len as usize];
                let begin = usize::try_from(*offset).unwrap_or(0);
                let Some(place) = buffer.get_mut(begin..begin.saturating_add(bytes.len())) else {
                    return false;
                };
                place.copy_from_slice(bytes);
                *value == bytes.len() as i64 && Value::fingerprint_of_bytes(&buffer) == *aux
            }
            (Seen::Buffer { .. }, None) => false,
        }
    }
}
