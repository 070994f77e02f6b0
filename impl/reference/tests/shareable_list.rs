//! Lists in named blocks: kinds, room, indices, foreign and torn content, several users.

use procession_reference::process::Process;
use procession_reference::shareable_list::{
    AttachListError, CreateListError, ListGetError, ListItem, ListSetError,
};
use procession_reference::shared_memory::{AttachBlockError, CreateBlockError, SharedMemory};
use procession_reference::{ShareableList, transfer};
use proptest::prelude::*;
use rstest::rstest;

/// Unlinks at the end, also of a test that fails.
struct Unlinked(ShareableList);

impl Drop for Unlinked {
    fn drop(&mut self) {
        let _ = self.0.unlink();
    }
}

impl std::ops::Deref for Unlinked {
    type Target = ShareableList;

    fn deref(&self) -> &ShareableList {
        &self.0
    }
}

fn list(items: impl IntoIterator<Item = ListItem>) -> Unlinked {
    Unlinked(ShareableList::new(items).unwrap())
}

fn one_of_each() -> Vec<ListItem> {
    vec![
        i64::MIN.into(),
        (-0.0).into(),
        true.into(),
        false.into(),
        "é😀".into(),
        "".into(),
        (&b"\x00\xFF"[..]).into(),
        ().into(),
        "zeros\0\0".into(),
        vec![0_u8; 9].into(),
    ]
}

#[test]
fn every_kind_comes_back_here_and_through_another_handle() {
    let list = list(one_of_each());
    assert_eq!(list.to_vec().unwrap(), one_of_each());
    let other = ShareableList::attach(list.name()).unwrap();
    assert_eq!(other.to_vec().unwrap(), one_of_each());
    assert_eq!(other.len(), 10);
    assert_eq!(other.format().unwrap(), "qdxxxxxxx?xxxxxxx?8s8s8sxxxxxx?x8s16s");
    other.set(-1, 5).unwrap();
    assert_eq!(list.get(9).unwrap(), ListItem::Int(5));
}

#[test]
fn an_empty_list_is_a_list() {
    let none = list([]);
    assert!(none.is_empty() && none.to_vec().unwrap().is_empty());
    assert_eq!(ShareableList::attach(none.name()).unwrap().len(), 0);
    assert_eq!(none.get(0), Err(ListGetError::Index { index: 0, len: 0 }));
}

#[rstest]
#[case(3)]
#[case(-4)]
#[case(i64::MAX)]
#[case(i64::MIN)]
fn other_indices_are_refused(#[case] index: i64) {
    let list = list([1.into(), 2.into(), 3.into()]);
    assert_eq!(list.get(index), Err(ListGetError::Index { index, len: 3 }));
    assert_eq!(list.set(index, 77), Err(ListSetError::Index { index, len: 3 }));
    assert_eq!(list.capacity(index), None);
    assert_eq!(list.to_vec().unwrap(), [1.into(), 2.into(), 3.into()]);
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let list = list(["left".into(), "é".into(), "right".into()]);
    assert_eq!(list.capacity(1), Some(8));
    list.set(1, "éééé").unwrap();
    assert_eq!(list.set(1, "ééééé"), Err(ListSetError::TooLong { index: 1, capacity: 8, len: 10 }));
    assert_eq!(list.to_vec().unwrap(), ["left".into(), "éééé".into(), "right".into()]);
    let long = "x".repeat(10_000_000);
    let refused = ShareableList::new([().into(), long.as_str().into()]);
    assert!(matches!(refused, Err(CreateListError::TooLong { index: 1, len: 10_000_000 })));
}

#[test]
fn a_slot_changes_its_kind_within_its_room() {
    let list = list([().into(), 7.into()]);
    for item in one_of_each().into_iter().filter(|item| *item != vec![0_u8; 9].into()) {
        list.set(0, item.clone()).unwrap();
        assert_eq!(list.get(0).unwrap(), item);
        assert_eq!(list.get(1).unwrap(), 7.into());
    }
}

#[test]
fn elements_are_found_by_kind_and_value() {
    let list = list(["b".into(), 1.into(), "b".into(), 1.0.into(), true.into()]);
    assert_eq!(list.count(&"b".into()).unwrap(), 2);
    assert_eq!(list.count(&1.into()).unwrap(), 1);
    assert_eq!(list.position(&1.0.into()).unwrap(), Some(3));
    assert_eq!(list.position(&"b".into()).unwrap(), Some(0));
    assert_eq!(list.position(&"c".into()).unwrap(), None);
}

#[test]
fn a_copy_has_the_same_room_and_is_independent() {
    let list = list(["12345678".into(), 1.into()]);
    list.set(0, "short").unwrap();
    let copy = Unlinked(ShareableList::copy_of(&list, None).unwrap());
    assert_eq!(copy.capacity(0), Some(16));
    copy.set(0, "sixteen bytes ..").unwrap();
    list.set(1, 2).unwrap();
    assert_eq!(list.to_vec().unwrap(), ["short".into(), 2.into()]);
    assert_eq!(copy.to_vec().unwrap(), ["sixteen bytes ..".into(), 1.into()]);
}

#[test]
fn names_are_taken_missing_and_given_up() {
    let first = list([1.into()]);
    let again = ShareableList::create(first.name(), [2.into()]);
    assert!(matches!(again, Err(CreateListError::Block(CreateBlockError::NameTaken(_)))));
    first.unlink().unwrap();
    let gone = ShareableList::attach(first.name());
    assert!(matches!(gone, Err(AttachListError::Block(AttachBlockError::NameMissing(_)))));
    assert_eq!(first.get(0).unwrap(), 1.into());
    first.close();
    assert_eq!(first.get(0), Err(ListGetError::Closed));
    assert_eq!(first.set(0, 1), Err(ListSetError::Closed));
}

/// A block with these words at its beginning, and zeros.
fn block(size: usize, words: &[i64]) -> SharedMemory {
    let block = SharedMemory::create_unnamed(size).unwrap();
    for (number, word) in words.iter().enumerate() {
        block.write(number * 8, &word.to_ne_bytes()).unwrap();
    }
    block
}

#[rstest]
#[case(4, &[])]
#[case(64, &[])]
#[case(64, &[200])]
#[case(64, &[-1])]
#[case(64, &[i64::MAX])]
#[case(64, &[1 << 61])]
#[case(64, &[1, 8, 16])]
#[case(64, &[1, 0, -8])]
#[case(64, &[1, 0, i64::MIN])]
#[case(64, &[1, 0, 0])]
#[case(64, &[1, 0, 12])]
#[case(64, &[1, 0, 8])]
#[case(64, &[1, 0, i64::MAX])]
fn a_block_that_holds_no_list_is_refused(#[case] size: usize, #[case] words: &[i64]) {
    let block = block(size, words);
    let attached = ShareableList::attach(block.name());
    block.unlink().unwrap();
    assert!(matches!(attached, Err(AttachListError::NotAList(_))), "{attached:?}");
}

#[test]
fn what_is_no_element_is_told() {
    let list = list(["text".into(), 1.into()]);
    // Slots begin behind four words; formats behind the slots, codes behind the formats.
    list.block().write(4 * 8, b"\xFF").unwrap();
    assert_eq!(list.get(0), Err(ListGetError::NotText { index: 0 }));
    for format in
        [&b"9999999s"[..], b"16s\0\0\0\0\0", b"-1s\0\0\0\0\0", b"q\0\0\0\0\0\0\0", b"\xFF\0\0\0\0\0\0\0"]
    {
        list.block().write(6 * 8, format).unwrap();
        assert_eq!(list.get(0), Err(ListGetError::Corrupt { index: 0 }), "{format:?}");
    }
    list.block().write(8 * 8 + 1, &[7]).unwrap();
    assert_eq!(list.get(1), Err(ListGetError::Corrupt { index: 1 }));
    assert_eq!(list.to_vec(), Err(ListGetError::Corrupt { index: 0 }));
    list.set(0, "mended").unwrap();
    list.set(1, 2).unwrap();
    assert_eq!(list.to_vec().unwrap(), ["mended".into(), 2.into()]);
}

#[test]
fn a_list_travels_by_name() {
    let list = list(["over".into()]);
    let letter = transfer::encode(&*list).unwrap();
    let arrived: ShareableList = transfer::decode(&letter).unwrap();
    arrived.set(0, "back").unwrap();
    assert_eq!(list.get(0).unwrap(), "back".into());
    list.unlink().unwrap();
    assert!(transfer::decode::<ShareableList>(&letter).is_err());
}

/// Two write texts and numbers into one slot while a third reads it: errors at most, and the neighbours
/// are as they were.
#[test]
fn contested_slots_harm_nobody_else() {
    fn write((name, text): (String, String)) {
        let list = ShareableList::attach(&name).unwrap();
        for round in 0..2_000 {
            list.set(1, text.as_str()).unwrap();
            list.set(1, round).unwrap();
        }
    }
    let list = list(["left....".into(), "middle..".into(), "right...".into()]);
    let texts = ["éééééé", "zero\0\0"].map(str::to_owned);
    let writers = texts.map(|text| Process::new(write, (list.name().to_owned(), text)));
    writers.iter().for_each(|writer| writer.start().unwrap());
    while writers.iter().any(|writer| writer.is_alive().unwrap()) {
        match list.get(1) {
            Ok(_) | Err(ListGetError::NotText { index: 1 } | ListGetError::Corrupt { index: 1 }) => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(list.get(0).unwrap(), "left....".into());
        assert_eq!(list.get(2).unwrap(), "right...".into());
    }
    for writer in &writers {
        writer.join().unwrap();
        assert_eq!(writer.exitcode().unwrap(), Some(0));
    }
}

fn item() -> impl Strategy<Value = ListItem> {
    prop_oneof![
        Just(ListItem::None),
        any::<bool>().prop_map(ListItem::Bool),
        any::<i64>().prop_map(ListItem::Int),
        (-1e9_f64..1e9).prop_map(ListItem::Float),
        "\\PC{0,9}\0{0,2}".prop_map(ListItem::Text),
        proptest::collection::vec(prop_oneof![Just(0), any::<u8>()], 0..20).prop_map(ListItem::Bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against a vector: what fits is what is read from then on, what does not is refused.
    #[test]
    fn a_list_behaves_as_a_vector(
        first in proptest::collection::vec(item(), 1..6),
        writes in proptest::collection::vec((0_usize..6, item()), 0..20),
    ) {
        let list = list(first.clone());
        let mut model = first;
        for (at, item) in writes {
            let at = at % model.len();
            let len = match &item {
                ListItem::Text(text) => text.len(),
                ListItem::Bytes(bytes) => bytes.len(),
                _ => 8,
            };
            let capacity = list.capacity(at as i64).unwrap();
            match list.set(at as i64, item.clone()) {
                Ok(()) => {
                    prop_assert!(len <= capacity);
                    model[at] = item;
                }
                Err(error) => prop_assert_eq!(error, ListSetError::TooLong { index: at, capacity, len }),
            }
            prop_assert_eq!(&list.to_vec().unwrap(), &model);
        }
        let attached = ShareableList::attach(list.name()).unwrap();
        prop_assert_eq!(attached.to_vec().unwrap(), model);
    }
}
