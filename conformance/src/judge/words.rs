//! How failures word calls, payloads and answers for people.

use procession_contract::{Answer, Call, Datum, Item, ItemKind, Outcome, Scalar, Step};

/// The call's name as in scripts and manifests (`put`, `get_many`, …).
pub fn call_name(call: &Call) -> String {
    let json = serde_json::to_value(call).unwrap_or_default();
    json.get("do").and_then(|name| name.as_str()).unwrap_or("call").to_owned()
}

/// An outcome's name as in scripts (`ok`, `empty`, …).
pub fn outcome(outcome: Outcome) -> String {
    let json = serde_json::to_value(outcome).unwrap_or_default();
    json.as_str().unwrap_or("unknown").to_owned()
}

/// A step in a few words: `put 7`, `get within 50 ms`, `start w1`.
pub fn call(step: &Step) -> String {
    let mut words = call_name(&step.call);
    match &step.call {
        Call::PutMany { items, .. } => {
            let ids: Vec<_> = items.iter().map(|item| item.id.to_string()).collect();
            words = format!("{words} {}", ids.join(","));
        }
        Call::GetMany { max, .. } => words = format!("{words} {max}"),
        other => {
            for item in super::run::items_of(other) {
                words = format!("{words} {}", short(item));
            }
        }
    }
    match &step.call {
        Call::Put { block: false, .. } | Call::Get { block: false, .. } => words += " without waiting",
        Call::Acquire { block: false, .. } => words = format!("{words} {} without waiting", step.on),
        Call::Acquire { timeout_ms: Some(ms), .. }
        | Call::Await { timeout_ms: Some(ms) }
        | Call::AwaitWord { timeout_ms: Some(ms), .. } => {
            words = format!("{words} {} within {ms} ms", step.on);
        }
        Call::Notify { n: Some(n) } | Call::Release { n: Some(n) } => {
            words = format!("{words} {} {n}", step.on);
        }
        Call::Store { to, .. } => words = format!("{words} {} {}", step.on, scalar(to)),
        Call::Add { amount, times, .. } => match times {
            1 => words = format!("{words} {} {amount}", step.on),
            _ => words = format!("{words} {} {amount}, {times} times", step.on),
        },
        Call::Put { timeout_ms: Some(ms), .. }
        | Call::PutMany { timeout_ms: Some(ms), .. }
        | Call::Get { timeout_ms: Some(ms), .. }
        | Call::GetMany { timeout_ms: Some(ms), .. } => words = format!("{words} within {ms} ms"),
        Call::Sleep { ms } => words = format!("{words} {ms} ms"),
        Call::Invoke { method, args, .. } => {
            let args: Vec<_> = args.iter().map(datum).collect();
            words = format!("{}.{method}({})", step.on, args.join(", "));
        }
        Call::Keep { name, value } => words = format!("{words} {name} = {}", datum(value)),
        Call::Hand { name } | Call::TakeOver { name } => words = format!("{words} {name} {}", step.on),
        Call::Put { .. } | Call::PutNowait { .. } | Call::PutMany { .. } | Call::Get { .. } => {}
        Call::GetNowait | Call::GetMany { .. } => {}
        _ if !step.on.is_empty() => words = format!("{words} {}", step.on),
        _ => {}
    }
    words
}

/// A payload as a lane names it: its id, or its kind where it has none.
pub fn short(item: &Item) -> String {
    match item.kind {
        ItemKind::None => "nothing".into(),
        ItemKind::Unencodable => "unencodable".into(),
        ItemKind::Undecodable => "undecodable".into(),
        ItemKind::Int | ItemKind::Text | ItemKind::Bytes | ItemKind::List => item.id.to_string(),
    }
}

/// A payload in full: `item 7`, `item 7 (100 bytes)`.
pub fn item(item: &Item) -> String {
    match item.kind {
        ItemKind::Int => format!("item {}", item.id),
        ItemKind::Text => format!("item {} ({} characters)", item.id, item.len),
        ItemKind::Bytes => format!("item {} ({} bytes)", item.id, item.len),
        ItemKind::List => format!("item {} (a list)", item.id),
        ItemKind::None => "the value for nothing".into(),
        ItemKind::Unencodable => "a value that cannot be encoded".into(),
        ItemKind::Undecodable => "a value that cannot be decoded".into(),
    }
}

/// Several payloads.
pub fn items<'a>(all: impl IntoIterator<Item = &'a Item>) -> String {
    let words: Vec<_> = all.into_iter().map(item).collect();
    if words.is_empty() { "no item".into() } else { words.join(", ") }
}

/// What was received under this id and fingerprint, if it is one of these items; otherwise how it
/// differs from the item whose id it bears.
pub fn received<'a>(value: i64, aux: u64, sent: impl IntoIterator<Item = &'a Item>) -> String {
    let mut same_id = None;
    for candidate in sent {
        if candidate.expected() == (value, aux) {
            return item(candidate);
        }
        if i64::from(candidate.id) == value {
            same_id = Some(candidate);
        }
    }
    let Some(candidate) = same_id else {
        return format!("a payload with id {value} that nobody sent");
    };
    let (found, whole) = (aux >> 32, candidate.expected().1 >> 32);
    match found == whole {
        true => format!("{} with other content", item(candidate)),
        false => {
            format!("{} damaged: its canonical form is {found} bytes long, expected {whole}", item(candidate))
        }
    }
}

/// A plain value as a person writes it: `[1, "x", (2,)]`.
pub fn datum(datum: &Datum) -> String {
    let all = |data: &[Datum]| data.iter().map(self::datum).collect::<Vec<_>>().join(", ");
    match datum {
        Datum::Scalar(one) => scalar(one),
        Datum::List(elements) => format!("[{}]", all(elements)),
        Datum::Tuple { tuple } if tuple.len() == 1 => format!("({},)", all(tuple)),
        Datum::Tuple { tuple } => format!("({})", all(tuple)),
        Datum::Dict { dict } => {
            let entries: Vec<_> = dict
                .iter()
                .map(|(key, value)| format!("{}: {}", self::datum(key), self::datum(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Datum::Known { object } => object.clone(),
        Datum::Slice { slice: (from, to, step) } => {
            let part = |part: &Option<i64>| part.map(|number| number.to_string()).unwrap_or_default();
            format!("{}:{}:{}", part(from), part(to), part(step))
        }
        Datum::Unencodable { .. } => "what cannot be encoded".into(),
    }
}

/// Whether an answer's value and aux report this plain value: the aux tells any two apart, the value of
/// none but scalars says more.
pub fn is_datum(datum: &Datum, found: (i64, u64)) -> bool {
    match datum {
        Datum::Scalar(scalar) => is_scalar(scalar, found),
        other => other.answer().is_some_and(|answer| answer.aux == found.1),
    }
}

/// Whether an answer's value and aux report this scalar. Only of integers and truth values does the
/// value say anything; the aux tells any two scalars apart.
pub fn is_scalar(scalar: &Scalar, (value, aux): (i64, u64)) -> bool {
    let expected = scalar.expected();
    aux == expected.1 && (value == expected.0 || !matches!(scalar, Scalar::Int(_) | Scalar::Flag(_)))
}

/// A scalar as a script writes it: `5`, `2.5`, `"text"`, `{"bytes":"00ff"}`.
pub fn scalar(scalar: &Scalar) -> String {
    serde_json::to_string(scalar).unwrap_or_default()
}

/// What was read, as far as the value and the aux of the answer tell.
pub fn read((value, aux): (i64, u64)) -> String {
    let plain = [Scalar::Int(value), Scalar::Flag(value != 0), Scalar::None(()), Scalar::real(0.0)];
    match plain.iter().find(|scalar| is_scalar(scalar, (value, aux))) {
        Some(known) => scalar(known),
        // The canonical form has a letter in front.
        None => format!("something of {} bytes with fingerprint {aux:#x}", (aux >> 32).saturating_sub(1)),
    }
}

/// Several words in brackets.
pub fn list(words: &[String]) -> String {
    format!("[{}]", words.join(", "))
}

/// An answer: its outcome, with the number or text that it brought.
pub fn answer(answer: &Answer) -> String {
    let mut words = outcome(answer.outcome);
    if answer.outcome == Outcome::Ok && (answer.value != 0 || answer.text.is_none()) {
        words = format!("{words} with value {}", answer.value);
    }
    match &answer.text {
        Some(text) => format!("{words}: {text:?}"),
        None => words,
    }
}
