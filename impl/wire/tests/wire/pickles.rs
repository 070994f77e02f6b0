//! Every captured pickle: read to the value it holds, and written back.

use procession_wire::Builder;
use procession_wire::pickle::{
    Protocol, Written, write, write_as, write_into, write_pair, write_pair_of_atoms,
};
use procession_wire::value::Atom;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::known::{expected, hex, to_json, trusting, unhex, vectors};

fn protocol(vector: &Json) -> Protocol {
    match vector["protocol"].as_u64().expect("a protocol") {
        2 => Protocol::Two,
        3 => Protocol::Three,
        4 => Protocol::Four,
        _ => Protocol::Five,
    }
}

fn label(vector: &Json) -> String {
    format!("{} in protocol {}, written by {}", vector["name"], vector["protocol"], vector["python"])
}

#[test]
fn every_captured_pickle_reads_to_its_value() {
    let mut faults = Vec::new();
    for vector in vectors("pickles") {
        let bytes = unhex(&vector["hex"]);
        match trusting().read(&bytes) {
            Err(error) => faults.push(format!("{}: {error}", label(vector))),
            Ok(value) => {
                let found = to_json(&value);
                let right = match vector.get("value") {
                    Some(given) => found == expected(given, protocol(vector) as u64),
                    None => hex(&Sha256::digest(found.to_string())) == vector["value_sha256"],
                };
                if !right {
                    faults.push(format!(
                        "{}: {found:.300}\n   expected {:.300}",
                        label(vector),
                        vector["value"]
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), vectors("pickles").len(), faults.join("\n"));
}

#[test]
fn exact_pickles_are_written_back_byte_for_byte_and_the_others_to_the_same_value() {
    let (mut faults, mut exact) = (Vec::new(), 0);
    for vector in vectors("pickles") {
        let bytes = unhex(&vector["hex"]);
        let value = trusting().read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", label(vector)));
        let written = write_as(value.root(), protocol(vector)).unwrap();
        exact += usize::from(written == bytes);
        let again = trusting().read(&written).unwrap_or_else(|error| panic!("{}: {error}", label(vector)));
        let same = again == value && to_json(&again) == to_json(&value);
        if vector["writer"] == "exact" && written != bytes || !same {
            faults.push(format!("{}: {}\n    wrote {}", label(vector), hex(&bytes), hex(&written)));
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {}:\n{:.6000}",
        faults.len(),
        vectors("pickles").len(),
        faults.join("\n")
    );
    // 514 are exact by their description; that names and texts keep their identity makes more of them so.
    assert!(exact >= 514, "only {exact} byte for byte");
}

#[test]
fn a_value_is_the_same_in_every_protocol() {
    for vector in vectors("pickles") {
        let bytes = unhex(&vector["hex"]);
        let value = trusting().read(&bytes).unwrap();
        for protocol in [Protocol::Two, Protocol::Three, Protocol::Four, Protocol::Five] {
            let written = write_as(value.root(), protocol).unwrap();
            let again = trusting().read(&written);
            assert!(again.as_ref() == Ok(&value), "{} as {protocol:?}: {again:?}", label(vector));
        }
    }
}

#[test]
fn long_texts_are_parts_of_their_own() {
    let long = |byte: u8| vec![byte; 64 * 1024];
    let mut builder = Builder::new();
    let first = builder.bytes(&long(b'a'));
    let short = builder.bytes(&long(b's')[1..]);
    let second = builder.str("b".repeat(64 * 1024).as_str());
    let (third, empty) = (builder.byte_array(&long(b'c')), builder.bytes(&[]));
    // One that comes again is read from the memo.
    let list = builder.list(&[first, second, first, short, third, empty]);
    let value = builder.finish(list);
    let written = write_into(&value, Vec::new()).unwrap();
    let are_long = |part: &&[u8]| part.len() == 64 * 1024;
    let texts: Vec<u8> = written.parts().filter(are_long).map(|part| part[0]).collect();
    assert_eq!(texts, b"abc");
    assert!(written.parts().all(|part| !part.is_empty()));
    let bytes = written.parts().collect::<Vec<_>>().concat();
    assert_eq!(bytes.len(), written.len());
    assert_eq!(trusting().read(&bytes).as_ref(), Ok(&value));
    assert_eq!(bytes, written.clone().into_bytes());
    // No byte of them is among the rest.
    assert!(written.into_space().len() < 2 * 64 * 1024);
}

#[test]
fn a_list_of_atoms_is_written_as_any_other() {
    let floats = (0..12_000).map(|number| Atom::float(f64::from(number) / 7.0));
    let several = [Atom::NONE, Atom::bool(true), Atom::int(-1), Atom::int(i64::MIN), Atom::int(1 << 40)];
    let mixed = several.into_iter().cycle().take(2_001);
    // Of 64 KiB and more, which are several frames.
    let ints = (0..30_000).map(|number| Atom::int(number * 37 % 70_000));
    for atoms in [floats.collect::<Vec<_>>(), mixed.collect(), ints.collect()] {
        for count in [0, 1, 2, 999, 1_000, 1_001, 2_000, atoms.len()] {
            let items = &atoms[..count];
            let mut builder = Builder::new();
            let ids: Vec<_> = items.iter().map(|atom| builder.atom(*atom)).collect();
            let list = builder.list(&ids);
            let value = builder.finish(list);
            let expected = write_pair("#RETURN", value.root(), Vec::new()).unwrap();
            assert!(write_pair_of_atoms("#RETURN", items, b"left".to_vec()) == expected, "{count} items");
        }
    }
}

#[test]
fn a_pair_is_what_the_tuple_of_both_is() {
    for vector in vectors("pickles") {
        let pickle = unhex(&vector["hex"]);
        let value = trusting().read(&pickle).unwrap();
        let mut builder = Builder::new();
        let parts = [builder.str("#RETURN"), builder.copy(value.root())];
        let pair = builder.tuple(&parts);
        let pair = builder.finish(pair);
        let [_, second] = pair.root().tuple().and_then(|items| items.array()).unwrap();
        let into = |written: Result<Written<'_>, _>| written.map(Written::into_bytes);
        let (left, over) = (b"left over".to_vec(), b"left over".to_vec());
        assert_eq!(into(write_into(&value, left)), write(&value), "{}", label(vector));
        assert_eq!(into(write_pair("#RETURN", second, over)), write(&pair), "{}", label(vector));
        let written = write_pair("#RETURN", value.root(), Vec::new()).unwrap().into_bytes();
        assert!(trusting().read(&written).unwrap() == pair, "{}", label(vector));
    }
}
