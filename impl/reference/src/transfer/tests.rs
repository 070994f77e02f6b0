//! What travels, what does not, and that nothing is left open.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::rc::Rc;

use serde::{Serialize, Serializer};

use super::*;

fn null() -> Descriptor {
    Descriptor::from(File::open("/dev/null").unwrap())
}

#[test]
fn plain_values_travel_as_bytes() {
    let bytes = encode(&(7, "seven", vec![1.5])).unwrap();
    assert_eq!(decode::<(i32, String, Vec<f64>)>(&bytes).unwrap(), (7, "seven".to_string(), vec![1.5]));
}

#[test]
fn encoding_goes_behind_what_the_buffer_holds() {
    let mut buffer = vec![9];
    encode_into(&5u8, &mut buffer).unwrap();
    assert_eq!(buffer, [9, 5]);
}

#[test]
fn bytes_behind_the_value_are_an_error() {
    assert!(matches!(decode::<u8>(&[1, 2]), Err(DecodeError::Trailing { bytes: 1, .. })));
    assert!(matches!(decode::<u8>(&[]), Err(DecodeError::Value { .. })));
}

#[test]
fn a_descriptor_travels_only_where_it_can() {
    let error = encode(&null()).unwrap_err();
    assert!(matches!(error, EncodeError::Refused(Refused::NotTravelling { what: "Descriptor" })));
    assert!(error.to_string().contains("inheritance"), "{error}");

    let parcel = encode_with_descriptors(&(1, null(), null()), Purpose::Starting).unwrap();
    assert_eq!(parcel.descriptors.len(), 2);
    let second = parcel.descriptors[1].as_raw_fd();
    let (one, _, arrived): (i32, Descriptor, Descriptor) =
        decode_with_descriptors(&parcel.bytes, parcel.descriptors, Purpose::Starting).unwrap();
    assert_eq!((one, arrived.as_raw_fd()), (1, second));
}

#[test]
fn a_descriptor_is_claimed_once() {
    let parcel = encode_with_descriptors(&null(), Purpose::Connection).unwrap();
    let twice =
        decode_with_descriptors::<(Descriptor, Descriptor)>(&[0, 0], parcel.descriptors, Purpose::Connection);
    assert!(matches!(twice, Err(DecodeError::Refused(Refused::NotSupplied { index: 0, .. }))));
    assert!(matches!(decode::<Descriptor>(&[0]), Err(DecodeError::Refused(_))));
}

/// Encodes another value while it is being encoded itself.
struct Inner;

impl Serialize for Inner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(encode(&null()).is_err());
        encode(&3u8).unwrap().serialize(serializer)
    }
}

#[test]
fn encodings_nest() {
    let parcel = encode_with_descriptors(&(null(), Inner, null()), Purpose::Starting).unwrap();
    assert_eq!(parcel.descriptors.len(), 2);
    assert_eq!(purpose(), None);
}

/// May be an argument only, and keeps a witness until it has arrived.
struct Argument(std::sync::Arc<()>);

impl Serialize for Argument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        permit("Argument", &[Purpose::Starting]).map_err(serde::ser::Error::custom)?;
        hold(self.0.clone());
        serializer.serialize_unit()
    }
}

#[test]
fn a_type_chooses_its_purposes_and_holds_until_confirmed() {
    let witness = std::sync::Arc::new(());
    let refused = encode_with_descriptors(&Argument(witness.clone()), Purpose::Connection);
    assert!(matches!(refused, Err(EncodeError::Refused(Refused::Purpose { what: "Argument", .. }))));

    let parcel = encode_with_descriptors(&Argument(witness.clone()), Purpose::Starting).unwrap();
    assert_eq!(std::sync::Arc::strong_count(&witness), 2);
    drop(parcel);
    assert_eq!(std::sync::Arc::strong_count(&witness), 1);
}

/// Counts how often it was prepared for a journey less how often that was taken back.
struct Prepared<'a>(&'a Rc<Cell<i32>>);

impl Serialize for Prepared<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.set(self.0.get() + 1);
        let count = Rc::clone(self.0);
        super::undo(move || count.set(count.get() - 1));
        serializer.serialize_unit()
    }
}

#[test]
fn what_was_prepared_for_nothing_is_taken_back() {
    let count = Rc::new(Cell::new(0));
    encode(&Prepared(&count)).expect("it is plain");
    assert_eq!(count.get(), 1);
    // Encoded twice, since it does not fit at once: before the part that counts and behind it.
    encode(&(Prepared(&count), [0_u64; 30], "x".repeat(300))).expect("it is plain");
    encode(&("x".repeat(300), Prepared(&count))).expect("it is plain");
    assert_eq!(count.get(), 3, "what went before stays as it was");
    let file = null();
    assert!(encode(&(Prepared(&count), &file)).is_err());
    assert_eq!(count.get(), 3);
    encode_with_descriptors(&(Prepared(&count), file), Purpose::Connection).expect("it can travel");
    assert_eq!(count.get(), 4);
}
