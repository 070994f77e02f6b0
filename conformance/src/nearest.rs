//! "Did you mean": the names that are nearest to one that does not exist.

/// The known names nearest to `name`, the nearest first, at most three.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|other| (likeness(name, other), other))
        .filter(|(score, _)| *score > 0.7)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().map(|(_, other)| other).take(3).collect()
}

/// The same as the end of a sentence: `; did you mean "x" or "y"?`, or nothing.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near: Vec<String> = nearest(name, known).into_iter().map(|other| format!("{other:?}")).collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

/// A part of the whole name counts as near, because people remember the end of a clause's id.
fn likeness(name: &str, other: &str) -> f64 {
    let tail = other.rsplit('/').next().unwrap_or(other);
    strsim::jaro_winkler(name, other).max(strsim::jaro_winkler(name, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_near_and_a_stranger_is_not() {
        let known = ["queue/fifo-per-producer", "pipe/duplex-default", "reference"];
        assert_eq!(nearest("referense", known), ["reference"]);
        assert_eq!(nearest("fifo-per-producr", known), ["queue/fifo-per-producer"]);
        assert_eq!(suggestion("zzz", known), "");
    }
}
