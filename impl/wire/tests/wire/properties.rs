//! Random values and random bytes: what is written is read back, and nothing panics.

use procession_wire::pickle::{Protocol, Reader, read, write_as};
use procession_wire::value::{How, Id};
use procession_wire::{Builder, Globals, Kind, Text, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// One step of building: the kind of object, and which of those before it holds.
#[derive(Debug, Clone)]
enum Step {
    Atom(u8),
    Int(Vec<u8>),
    Float(u64),
    Str(Vec<u16>),
    Bytes(Vec<u8>),
    Container(u8, Vec<usize>),
    Append(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u8>().prop_map(Step::Atom),
        vec(any::<u8>(), 0..300).prop_map(Step::Int),
        any::<u64>().prop_map(Step::Float),
        vec(any::<u16>(), 0..300).prop_map(Step::Str),
        vec(any::<u8>(), 0..300).prop_map(Step::Bytes),
        (any::<u8>(), vec(any::<usize>(), 0..8)).prop_map(|(kind, of)| Step::Container(kind, of)),
        (any::<u8>(), vec(any::<usize>(), 0..8)).prop_map(|(kind, of)| Step::Container(kind, of)),
        (any::<usize>(), any::<usize>()).prop_map(|(list, item)| Step::Append(list, item)),
    ]
}

/// A text of any code points of 16 bits, surrogates among them.
fn generalised(points: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &point in points {
        let point = u32::from(point);
        match char::from_u32(point) {
            Some(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            None => bytes.extend([0xed, 0x80 | (point >> 6 & 0x3f) as u8, 0x80 | (point & 0x3f) as u8]),
        }
    }
    bytes
}

fn build(steps: &[Step]) -> Value<'static> {
    let mut builder = Builder::new();
    let (mut ids, mut lists): (Vec<Id>, Vec<Id>) = (vec![builder.none()], Vec::new());
    for step in steps {
        let id = match step {
            Step::Atom(0) => builder.none(),
            Step::Atom(number) if number % 2 == 0 => builder.bool(number % 4 == 0),
            Step::Atom(number) => builder.int(i64::from(*number)),
            Step::Int(bytes) => builder.int_from_le_bytes(bytes),
            Step::Float(bits) => builder.float(f64::from_bits(*bits)),
            Step::Str(points) => {
                let bytes = generalised(points);
                builder.str(Text::new(&bytes).expect("generalised UTF-8"))
            }
            Step::Bytes(bytes) if bytes.len() % 2 == 0 => builder.bytes(bytes),
            Step::Bytes(bytes) => builder.byte_array(bytes),
            Step::Container(kind, of) => {
                let parts: Vec<Id> = of.iter().map(|index| ids[index % ids.len()]).collect();
                let pairs: Vec<(Id, Id)> = parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
                let made = match kind % 7 {
                    0 => Ok(builder.tuple(&parts)),
                    1 => builder.dict(&pairs),
                    2 => builder.set(&parts),
                    3 => builder.frozen_set(&parts),
                    4 => {
                        let class = builder.global("threading", "BrokenBarrierError");
                        let object = builder.call(class, &parts);
                        if let Some(&state) = parts.first() {
                            builder.set_state(object, state);
                        }
                        Ok(object)
                    }
                    _ => {
                        let list = builder.list(&parts);
                        lists.push(list);
                        Ok(list)
                    }
                };
                match made {
                    Ok(id) => id,
                    // A list, say, cannot be a key.
                    Err(_) => builder.tuple(&parts),
                }
            }
            Step::Append(list, item) => {
                if let Some(&list) = (!lists.is_empty()).then(|| &lists[list % lists.len()]) {
                    builder.append(list, &[ids[item % ids.len()]]);
                }
                continue;
            }
        };
        ids.push(id);
    }
    let root = builder.list(&ids);
    builder.finish(root)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read_back_in_every_protocol(steps in vec(step(), 0..40)) {
        let value = build(&steps);
        for protocol in [Protocol::Two, Protocol::Three, Protocol::Four, Protocol::Five] {
            let bytes = write_as(value.root(), protocol).unwrap();
            let again = read(&bytes).unwrap();
            prop_assert_eq!(&again, &value);
            // From then on nothing changes any more.
            prop_assert_eq!(write_as(again.root(), protocol).unwrap(), bytes);
        }
        let copy = value.root().to_value();
        prop_assert_eq!(&copy, &value);
        prop_assert_eq!(write_as(copy.root(), Protocol::Four), write_as(value.root(), Protocol::Four));
    }

    #[test]
    fn values_that_differ_in_one_place_are_not_equal(steps in vec(step(), 1..20), at in any::<usize>()) {
        let value = build(&steps);
        let mut changed = steps.clone();
        let at = at % steps.len();
        changed[at] = Step::Str(vec![7; 301]);
        if !matches!(steps[at], Step::Append(..)) {
            prop_assert_ne!(build(&changed), value);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 0..200)) {
        bytes.splice(0..0, [0x80, 4]);
        let reader = Reader { globals: Globals::everything(), ..Reader::default() };
        if let Err(error) = reader.read(&bytes) {
            prop_assert!(error.offset() <= bytes.len());
        }
    }

    #[test]
    fn integers_agree_with_those_of_128_bits(number in any::<i128>(), shift in 0_u32..128) {
        let number = number >> shift;
        let mut builder = Builder::new();
        let root = builder.int_from_le_bytes(&number.to_le_bytes());
        let bytes = write_as(builder.finish(root).root(), Protocol::Four).unwrap();
        let value = read(&bytes).unwrap();
        let Kind::Int(int) = value.root().kind() else { panic!("no int: {value:?}") };
        prop_assert_eq!(int.to_i128(), Some(number));
        prop_assert_eq!(int.to_string(), number.to_string());
        prop_assert_eq!(int.to_i64(), i64::try_from(number).ok());
        prop_assert_eq!(int.to_u64(), u64::try_from(number).ok());
    }
}

#[test]
fn objects_keep_how_they_are_made() {
    let pickle = b"\x80\x04\x8c\x05array\x8c\x05array\x93)}\x92(K\x01K\x02eK\x05K\x06s}b.";
    let value = read(pickle).unwrap();
    let Kind::Object(object) = value.root().kind() else { panic!("no object: {value:?}") };
    assert_eq!(object.how, How::NewWithKeywords);
    assert_eq!((object.items.len(), object.pairs.len(), object.state.is_some()), (2, 1, true));
    let written = write_as(value.root(), Protocol::Five).unwrap();
    assert_eq!(read(&written).unwrap(), value);
    assert!(write_as(value.root(), Protocol::Three).is_err());
}
