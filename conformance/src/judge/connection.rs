//! The judges of connections: what a pipe delivers, in which order, and when it says that it is over.
//!
//! `eof` is right only when no process can hold the other end any more and everything that was sent
//! has been received, and then for ever; `broken_pipe` only when nobody can hold the receiving end. A
//! process holds an end if it was given it, as `gets` says, until it closes or releases it or ends;
//! only a process that certainly held it at that moment convicts.

use procession_contract::{Call, Item, Outcome, Value};

use super::holders::{certainly_closed, certainly_held};
use super::queue::{Effect, NEVER, Put, Queue, Span, answered, cite};
use super::{Progress, Run, fail, fifo, words};
use crate::history::WorkerEnd;
use crate::verdict::{FailureKind, Verdict};

/// Each direction delivers whole messages in the order in which they were sent, then the end.
pub fn order(run: &Run, pipe: &str) -> Verdict {
    both(run, pipe, |direction| {
        direction.in_order(run).and_then(|taken| direction.end_of_stream(run, &taken).map(|()| taken))
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
    /// Receives that may have taken a message which nobody saw.
    unseen: usize,
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
            unseen: 0,
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
        if outcome == Some(Outcome::BrokenPipe) && certainly_held(run, &self.to, span.returned) {
            self.broken = Some(fail(
                FailureKind::WrongOutcome,
                format!("{} is open in another process, so sending succeeds", self.to),
                answered(run, span),
                cite(run, &[span]),
            ));
        }
        match call {
            Call::Send { item } | Call::AtExitSend { item, .. } => {
                let span = if effect == Effect::Possible { Span { returned: NEVER, ..span } } else { span };
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
            _ => return self.unseen += 1,
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
        if several(self.sent.iter().map(|sent| sent.span.worker).collect())
            || several(self.received.iter().map(|(_, span)| span.worker).collect())
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
        match fifo::find(&queue) {
            // A message that a killed receiver took explains a gap.
            Some(_) if self.unseen > 0 => Ok(taken),
            Some(pattern) => match pattern.verdict(run, &queue) {
                Verdict::Fail(mut failure) => {
                    failure.kind = FailureKind::OutOfOrder;
                    Err(Verdict::Fail(failure))
                }
                other => Err(other),
            },
            None => Ok(taken),
        }
    }

    /// The sends whose messages were received: each message that of a send, and no send twice.
    fn matched(&self, run: &Run) -> Result<Vec<usize>, Verdict> {
        let mut free: Vec<bool> =
            self.sent.iter().map(|sent| !matches!(sent.effect, Effect::None(_))).collect();
        let mut taken = Vec::with_capacity(self.received.len());
        for (seen, span) in &self.received {
            let fits = |sent: &usize| free[*sent] && self.sent[*sent].is(seen);
            match (0..self.sent.len()).find(fits).filter(|sent| self.sent[*sent].span.called <= span.returned)
            {
                Some(sent) => {
                    free[sent] = false;
                    taken.push(sent);
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
            let left: Vec<_> = (0..self.sent.len())
                .filter(|sent| self.sent[*sent].effect == Effect::Certain && !taken.contains(sent))
                .collect();
            if let (Some(first), false) = (left.first(), self.foreign || left.len() <= self.unseen) {
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

    /// A receive may wait only while nothing is there and somebody may still send; a send only until
    /// its message has been received, while somebody may receive it.
    fn waiting_calls(&self, run: &Run, taken: &[usize]) -> Result<(), Verdict> {
        let hang = |span: Span, why: String, more: Option<Span>| {
            let spans: Vec<_> = std::iter::once(span).chain(more).collect();
            Err(fail(
                FailureKind::Hang,
                format!("{} returns, since {why}", run.called(span.worker, span.line)),
                "it was still pending when nothing could move any more",
                cite(run, &spans),
            ))
        };
        if self.foreign {
            return Ok(());
        }
        let untaken: Vec<_> = (0..self.sent.len())
            .filter(|sent| self.sent[*sent].effect == Effect::Certain && !taken.contains(sent))
            .collect();
        if let Some(receive) = self.waiting.first() {
            if untaken.len() > self.unseen {
                let sent = untaken[0];
                return hang(*receive, format!("{} was sent", self.words(sent)), Some(self.sent[sent].span));
            }
            if certainly_closed(run, &self.from) {
                return hang(*receive, format!("nobody holds {} any more", self.from), None);
            }
        }
        for (index, sent) in self.sent.iter().enumerate().filter(|(_, sent)| sent.effect == Effect::Waiting) {
            if taken.contains(&index) {
                return hang(sent.span, "its message was received".into(), None);
            }
            if certainly_closed(run, &self.to) {
                return hang(sent.span, format!("nobody holds {} any more", self.to), None);
            }
        }
        Ok(())
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
