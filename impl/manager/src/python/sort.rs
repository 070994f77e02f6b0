//! Sorting by an order that may be none.

/// Sorts stably by this order, where `less` may fail, and need not be an order at all: beside a NaN nothing is
/// less. Whatever it says, every item is there afterwards.
///
/// # Errors
/// The first of `less`; the items are then as they were.
pub fn sort<T: Clone, E>(
    items: &mut Vec<T>,
    mut less: impl FnMut(&T, &T) -> Result<bool, E>,
) -> Result<(), E> {
    let mut from = items.clone();
    let mut into = Vec::with_capacity(from.len());
    let mut width = 1;
    while width < from.len() {
        into.clear();
        for pair in from.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some(first), Some(second)) = (left.first(), right.first()) {
                if less(second, first)? {
                    into.push(second.clone());
                    right = &right[1..];
                } else {
                    into.push(first.clone());
                    left = &left[1..];
                }
            }
            into.extend_from_slice(left);
            into.extend_from_slice(right);
        }
        std::mem::swap(&mut from, &mut into);
        width *= 2;
    }
    *items = from;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_stably(mut items: Vec<(u8, u16)>) {
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0 % 7);
            sort(&mut items, |one, other| Ok::<_, ()>(one.0 % 7 < other.0 % 7)).unwrap();
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn what_is_no_order_loses_nothing(mut items: Vec<u8>, answers: Vec<bool>) {
            let mut answers = answers.into_iter().cycle();
            let mut expected = items.clone();
            sort(&mut items, |_, _| Ok::<_, ()>(answers.next().unwrap_or(true))).unwrap();
            items.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn a_failure_leaves_everything_in_place(mut items in proptest::collection::vec(any::<u8>(), 2..50)) {
            let before = items.clone();
            let mut left = (items.len() - 1) / 2;
            let result = sort(&mut items, |one, other| match left {
                0 => Err(()),
                _ => {
                    left -= 1;
                    Ok(one < other)
                }
            });
            prop_assert_eq!(result, Err(()));
            prop_assert_eq!(items, before);
        }
    }
}
