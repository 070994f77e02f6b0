//! Shared arrays: elements, slices, characters, lengths, locks.

use procession_reference::array::{ArrayError, RangeError, Slice};
use procession_reference::context::{Context, Method};
use procession_reference::process::Process;
use procession_reference::{Array, Lock, RawArray, record};
use rstest::rstest;

record! {
    /// A point.
    pub struct Point {
        /// To the right.
        pub x: f64,
        /// Upwards.
        pub y: f64,
    }
}

#[test]
fn a_length_gives_zeros_and_elements_give_themselves() {
    for _ in 0..3 {
        let zeros = Array::<i32>::zeroed(10).unwrap();
        assert_eq!(zeros.to_vec().unwrap(), [0; 10]);
        zeros.store(.., &[-1; 10]).unwrap();
    }
    let array = Array::new(&[1_u16, 2, 3]).unwrap();
    assert_eq!((array.len(), array.is_empty()), (3, false));
    assert_eq!(array.to_vec().unwrap(), [1, 2, 3]);
}

#[test]
fn an_array_may_be_empty_but_not_larger_than_memory() {
    let none = Array::<u64>::zeroed(0).unwrap();
    assert!(none.is_empty() && none.to_vec().unwrap().is_empty());
    assert!(matches!(none.get(0), Err(ArrayError::Range(RangeError::Index { index: 0, len: 0 }))));
    none.store(.., &[]).unwrap();
    none.set_all_of(&[]);
    for len in [usize::MAX, usize::MAX / 8, 1 << 50] {
        assert_eq!(Array::<u64>::zeroed(len).unwrap_err().raw_os_error(), Some(libc::ENOMEM), "{len}");
    }
}

trait SetAll {
    fn set_all_of(&self, elements: &[u64]);
}

impl SetAll for Array<u64> {
    fn set_all_of(&self, elements: &[u64]) {
        self.lock().unwrap().store(.., elements).unwrap();
    }
}

#[test]
fn only_what_is_in_the_array_is_read_and_written() {
    let array = Array::new(&[1_i8, 2, 3, 4]).unwrap();
    array.set(3, -4).unwrap();
    assert_eq!(array.get(3).unwrap(), -4);
    let beyond = RangeError::Index { index: 4, len: 4 };
    assert!(matches!(array.get(4), Err(ArrayError::Range(error)) if error == beyond));
    assert!(matches!(array.set(4, 0), Err(ArrayError::Range(error)) if error == beyond));
    assert_eq!(array.element(4).unwrap_err(), beyond);
    assert_eq!(array.get_obj().get(usize::MAX).unwrap_err(), RangeError::Index { index: usize::MAX, len: 4 });
    assert_eq!(array.to_vec().unwrap(), [1, 2, 3, -4]);
}

#[test]
fn slices_are_copies_of_any_stride() {
    let array = Array::new(&[1, 2, 3, 4, 5]).unwrap();
    let mut read = array.load(1..3).unwrap();
    read[0] = 100;
    assert_eq!(array.load(..).unwrap(), [1, 2, 3, 4, 5]);
    assert_eq!(array.load(Slice { step: -1, ..Slice::from(..) }).unwrap(), [5, 4, 3, 2, 1]);
    assert_eq!(array.load(Slice { from: Some(-2), to: None, step: 1 }).unwrap(), [4, 5]);
    assert_eq!(array.load(Slice { step: 2, ..Slice::from(1..) }).unwrap(), [2, 4]);
    assert_eq!(array.load(3..1_000).unwrap(), [4, 5]);
    let stuck = array.load(Slice { step: 0, ..Slice::from(..) });
    assert!(matches!(stuck, Err(ArrayError::Range(RangeError::Step))));
}

#[test]
fn a_slice_is_written_with_as_many_elements_or_not_at_all() {
    let array = Array::new(&[1, 2, 3, 4, 5]).unwrap();
    array.store(1..=2, &[20, 30]).unwrap();
    array.store(Slice { step: -4, ..Slice::from(..) }, &[50, 10]).unwrap();
    assert_eq!(array.to_vec().unwrap(), [10, 20, 30, 4, 50]);
    let refused = array.store(.., &[0; 4]);
    let expected = RangeError::Length { expected: 5, given: 4 };
    assert!(matches!(refused, Err(ArrayError::Range(error)) if error == expected));
    assert_eq!(array.to_vec().unwrap(), [10, 20, 30, 4, 50]);
}

#[test]
fn characters_end_at_a_zero_byte() {
    let text = Array::<u8>::zeroed(5).unwrap();
    let holds = |value: &[u8], raw: &[u8]| {
        assert_eq!(text.value().unwrap(), value);
        assert_eq!(text.to_vec().unwrap(), raw);
    };
    text.set_value(b"hello").unwrap();
    holds(b"hello", b"hello");
    text.set_value(b"ab").unwrap();
    holds(b"ab", b"ab\0lo");
    text.set_value(b"").unwrap();
    holds(b"", b"\0b\0lo");
    text.set_raw(b"x\0y").unwrap();
    holds(b"x", b"x\0ylo");
    let expected = RangeError::TooLong { given: 6, len: 5 };
    assert!(matches!(text.set_value(b"longer"), Err(ArrayError::Range(error)) if error == expected));
    assert!(matches!(text.set_raw(b"longer"), Err(ArrayError::Range(error)) if error == expected));
    holds(b"x", b"x\0ylo");
}

#[test]
fn an_element_is_alive_and_has_the_array_s_lock() {
    let points = Array::new(&[Point { x: 1.0, y: 2.0 }; 3]).unwrap();
    let second = points.element(1).unwrap();
    second.field(Point::x).set(50.0).unwrap();
    assert_eq!(points.get(1).unwrap(), Point { x: 50.0, y: 2.0 });
    points.set(1, Point { x: 0.0, y: -1.0 }).unwrap();
    assert_eq!(second.field(Point::y).get().unwrap(), -1.0);
    assert_eq!(points.get(0).unwrap(), points.get(2).unwrap());
    let _held = points.lock().unwrap();
    std::thread::scope(|scope| {
        let procession_reference::value::ValueLock::RLock(lock) = second.get_lock() else {
            panic!("its own lock is re-entrant")
        };
        scope.spawn(|| assert!(lock.try_acquire().is_err()));
    });
}

#[test]
fn places_in_bytes_are_checked() {
    let bytes = Array::<u8>::zeroed(16).unwrap();
    bytes.view::<f64>(8).unwrap().set(0.5).unwrap();
    assert_eq!(bytes.get_obj().view::<f64>(8).unwrap().get(), 0.5);
    assert_eq!(bytes.load(..8).unwrap(), [0; 8]);
    assert!(bytes.view::<f64>(9).is_none() && bytes.view::<f64>(4).is_none());
    assert!(bytes.view::<u64>(usize::MAX - 3).is_none() && bytes.view::<u8>(16).is_none());
}

#[test]
fn reading_one_by_one_is_no_snapshot() {
    let array = Array::new(&[1, 2, 3]).unwrap();
    let mut elements = array.iter();
    assert_eq!(elements.next().unwrap().unwrap(), 1);
    array.store(.., &[10, 20, 30]).unwrap();
    assert_eq!(elements.map(Result::unwrap).collect::<Vec<_>>(), [20, 30]);
}

#[test]
fn a_copy_is_equal_and_independent() {
    let array = Array::new(&[1, 2]).unwrap();
    let copy = array.copy().unwrap();
    array.set(0, 5).unwrap();
    copy.set(1, 6).unwrap();
    assert_eq!((array.to_vec().unwrap(), copy.to_vec().unwrap()), (vec![5, 2], vec![1, 6]));
    assert!(!array.get_obj().is_same(copy.get_obj()));
}

#[rstest]
fn a_child_adds_up_in_place(#[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method) {
    fn sums((locked, raw): (Array<i32>, RawArray<i32>)) {
        for index in 1..locked.len() {
            let sum = locked.get(index - 1).unwrap() + locked.get(index).unwrap();
            locked.set(index, sum).unwrap();
            raw.set(index, sum).unwrap();
        }
    }
    let numbers = [680, 626, 934, 821, 150];
    let lock = Lock::new().unwrap();
    let locked = RawArray::new(&numbers).unwrap().with(&lock);
    let raw = RawArray::new(&numbers).unwrap();
    let child = Context::from(method).process(sums, (locked.clone(), raw.clone()));
    child.start().unwrap();
    child.join().unwrap();
    assert_eq!(locked.to_vec().unwrap(), [680, 1306, 2240, 3061, 3211]);
    assert_eq!(raw.to_vec(), locked.to_vec().unwrap());
}

/// A slice that is written under the lock is read under it whole, while both are being done.
#[test]
fn a_locked_slice_is_never_seen_in_parts() {
    fn write(array: Array<u64>) {
        for round in 0..3_000 {
            array.store(.., &[round; 64]).unwrap();
        }
    }
    let array = Array::<u64>::zeroed(64).unwrap();
    let child = Process::new(write, array.clone());
    child.start().unwrap();
    while child.is_alive().unwrap() {
        let seen = array.to_vec().unwrap();
        assert!(seen.iter().all(|element| *element == seen[0]), "{seen:?}");
    }
    child.join().unwrap();
    assert_eq!(array.to_vec().unwrap(), [2_999; 64]);
}
