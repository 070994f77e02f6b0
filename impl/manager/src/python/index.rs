//! What stands in brackets: an index, or a slice.

use procession_wire::value::How;
use procession_wire::{Kind, Node};

use super::{Class, Raise};

/// What stands in the brackets behind a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscript {
    /// One element.
    Index(i64),
    /// Several.
    Slice(Slice),
}

impl Subscript {
    /// The subscript of a sequence of this type (`list`, `array`) that this value is.
    ///
    /// # Errors
    /// A `TypeError` for what is neither an integer nor a slice, an `IndexError` for an integer that no sequence is
    /// long enough for.
    pub fn of(node: Node<'_>, sequence: &str) -> Result<Subscript, Raise> {
        if let Some(slice) = Slice::of(node)? {
            return Ok(Subscript::Slice(slice));
        }
        match node.kind() {
            Kind::Bool(_) | Kind::Int(_) => index_of(node).map(Subscript::Index),
            _ => Err(Raise::type_error(format!(
                "{sequence} indices must be integers or slices, not {}",
                node.type_name()
            ))),
        }
    }
}

/// The integer that this value is, where one is needed.
///
/// # Errors
/// A `TypeError` for anything else, an `IndexError` for one beyond 64 bits.
pub fn index_of(node: Node<'_>) -> Result<i64, Raise> {
    match node.kind() {
        Kind::Bool(flag) => Ok(i64::from(flag)),
        Kind::Int(number) => number
            .to_i64()
            .ok_or_else(|| Raise::text(Class::Index, "cannot fit 'int' into an index-sized integer")),
        _ => Err(Raise::type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            node.type_name()
        ))),
    }
}

/// A slice: the first element, the one behind the last, and the way from one to the next; each perhaps unsaid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// The first.
    pub start: Option<i64>,
    /// Behind the last.
    pub stop: Option<i64>,
    /// From one to the next; never 0.
    pub step: Option<i64>,
}

impl Slice {
    /// The slice that this value is, if it is one.
    ///
    /// # Errors
    /// A `TypeError` for a slice of other things than integers, a `ValueError` for a step of 0.
    pub fn of(node: Node<'_>) -> Result<Option<Slice>, Raise> {
        let Kind::Object(object) = node.kind() else { return Ok(None) };
        let Kind::Global(class) = object.function.kind() else { return Ok(None) };
        let is_slice = class.name == "slice" && (class.module == "builtins" || class.module == "__builtin__");
        if !is_slice || object.how != How::Call {
            return Ok(None);
        }
        let Some([start, stop, step]) = object.args.tuple().and_then(|args| args.array()) else {
            return Ok(None);
        };
        let part = |node: Node<'_>| match node.kind() {
            Kind::None => Ok(None),
            Kind::Bool(flag) => Ok(Some(i64::from(flag))),
            // What is beyond every sequence is as far as one can say.
            Kind::Int(number) => {
                Ok(Some(number.to_i64().unwrap_or(if number.is_negative() { i64::MIN } else { i64::MAX })))
            }
            _ => Err(Raise::type_error("slice indices must be integers or None or have an __index__ method")),
        };
        let slice = Slice { start: part(start)?, stop: part(stop)?, step: part(step)? };
        if slice.step == Some(0) {
            return Err(Raise::value_error("slice step cannot be zero"));
        }
        Ok(Some(slice))
    }

    /// From one element to before another.
    pub fn between(start: usize, stop: usize) -> Slice {
        let at = |at: usize| Some(i64::try_from(at).unwrap_or(i64::MAX));
        Slice { start: at(start), stop: at(stop), step: None }
    }

    /// The step that it means.
    pub fn stride(self) -> i64 {
        self.step.unwrap_or(1)
    }

    /// Which elements of a sequence of this length it stands for, in its order.
    pub fn indices(self, length: usize) -> Vec<usize> {
        let (start, count) = self.extent(length);
        (0..count as i64).map(|turn| (start + turn * self.stride()) as usize).collect()
    }

    /// Where it begins in a sequence of this length, and how many elements it stands for.
    pub fn extent(self, length: usize) -> (i64, usize) {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let step = self.stride().max(-i64::MAX);
        let (lowest, highest) = if step < 0 { (-1, length - 1) } else { (0, length) };
        let place = |said: Option<i64>, otherwise: i64| match said {
            None => otherwise,
            Some(at) if at < 0 => at.saturating_add(length).max(lowest),
            Some(at) => at.min(highest),
        };
        let (start, stop) = match step < 0 {
            true => (place(self.start, highest), place(self.stop, lowest)),
            false => (place(self.start, lowest), place(self.stop, highest)),
        };
        let way = if step < 0 { start - stop } else { stop - start };
        let count = if way <= 0 { 0 } else { (way - 1) / step.abs() + 1 };
        (start, count as usize)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, None, None, &[0, 1, 2, 3, 4])]
    #[case(None, None, Some(-1), &[4, 3, 2, 1, 0])]
    #[case(Some(1), Some(3), None, &[1, 2])]
    #[case(Some(-2), None, None, &[3, 4])]
    #[case(None, Some(-1), Some(2), &[0, 2])]
    #[case(Some(10), None, None, &[])]
    #[case(Some(10), None, Some(-2), &[4, 2, 0])]
    #[case(Some(-10), Some(2), None, &[0, 1])]
    #[case(Some(3), Some(-10), Some(-1), &[3, 2, 1, 0])]
    #[case(Some(3), Some(1), None, &[])]
    #[case(Some(i64::MIN), Some(i64::MAX), Some(i64::MAX), &[0])]
    #[case(Some(i64::MAX), Some(i64::MIN), Some(i64::MIN), &[4])]
    fn a_slice_of_five(
        #[case] start: Option<i64>,
        #[case] stop: Option<i64>,
        #[case] step: Option<i64>,
        #[case] expected: &[usize],
    ) {
        assert_eq!(Slice { start, stop, step }.indices(5), expected);
    }

    #[test]
    fn nothing_is_in_an_empty_sequence() {
        for step in [-2, -1, 1, 2] {
            assert_eq!(Slice { start: None, stop: None, step: Some(step) }.indices(0), []);
        }
    }
}
