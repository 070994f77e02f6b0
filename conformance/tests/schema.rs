//! The published JSON Schema of the adapter protocol: it is the one that the types give, and it
//! accepts what the types accept and refuses what they refuse.
//!
//! `PROCESSION_BLESS=1 cargo test -p procession --test schema` writes it anew.

use std::path::Path;

use jsonschema::Validator;
use procession::protocol::{FromAdapter, ToAdapter};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

/// The schema of both directions, with the definitions that they share.
fn generate() -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let from = generator.subschema_for::<FromAdapter>();
    let to = generator.subschema_for::<ToAdapter>();
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Procession adapter protocol 1",
        "description": "One message, a JSON object on a line of its own. `#/$defs/FromAdapter` is what an \
                        adapter says, `#/$defs/ToAdapter` what the suite says. PROTOCOL.md says when.",
        "anyOf": [from, to],
        "$defs": definitions,
    })
}

fn published() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol.schema.json");
    let text = std::fs::read_to_string(&path).expect("protocol.schema.json lies beside PROTOCOL.md");
    serde_json::from_str(&text).expect("protocol.schema.json is JSON")
}

/// A validator for one direction.
fn validator(direction: &str) -> Validator {
    let mut schema = published();
    let root = schema.as_object_mut().expect("a schema is an object");
    root.remove("anyOf");
    root.insert("$ref".into(), json!(format!("#/$defs/{direction}")));
    jsonschema::validator_for(&schema).expect("the published schema is one")
}

fn transcript() -> Vec<(String, Value)> {
    include_str!("transcript.jsonl")
        .lines()
        .map(|line| {
            let (direction, message) = line.split_once(' ').expect("a direction, a space, a message");
            (direction.to_owned(), serde_json::from_str(message).expect("a message is JSON"))
        })
        .collect()
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&generate()).expect("a schema is JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol.schema.json");
    if std::env::var_os("PROCESSION_BLESS").is_some() {
        std::fs::write(&path, text).expect("the schema can be written");
        return;
    }
    let found = std::fs::read_to_string(&path).expect("protocol.schema.json lies beside PROTOCOL.md");
    assert!(found == text, "protocol.schema.json is stale; run this test with PROCESSION_BLESS=1");
}

#[test]
fn a_real_conversation_is_accepted_by_schema_and_types_and_survives_a_round_trip() {
    let (from, to) = (validator("FromAdapter"), validator("ToAdapter"));
    for (direction, message) in transcript() {
        match direction.as_str() {
            ">" => {
                from.validate(&message).unwrap_or_else(|error| panic!("{error}\nin {message}"));
                let parsed: FromAdapter =
                    serde_json::from_value(message.clone()).expect("the types accept it");
                let again = serde_json::to_value(&parsed).expect("it is JSON");
                assert_eq!(serde_json::from_value::<FromAdapter>(again).expect("still"), parsed);
            }
            "<" => {
                to.validate(&message).unwrap_or_else(|error| panic!("{error}\nin {message}"));
                let parsed: ToAdapter = serde_json::from_value(message.clone()).expect("the types accept it");
                let again = serde_json::to_value(&parsed).expect("it is JSON");
                to.validate(&again).unwrap_or_else(|error| panic!("{error}\nin {again}"));
                assert_eq!(serde_json::from_value::<ToAdapter>(again).expect("still"), parsed);
            }
            other => panic!("a line of the transcript begins with {other:?}, expected > or <"),
        }
    }
}

#[test]
fn messages_of_the_wrong_shape_are_refused_by_schema_and_types() {
    let (from, to) = (validator("FromAdapter"), validator("ToAdapter"));
    let arm = |step: Value| json!({"t": "arm", "at_ns": 1, "history": "/h", "steps": [step]});
    let object = |object: Value| {
        json!({"t": "run", "run": "1", "directory": "/d",
               "script": {"method": "fork", "objects": [object], "workers": []}})
    };
    for message in [
        json!({"t": "hallo", "protocol": [1]}),
        json!({"t": "hello", "protocol": [1]}),
        json!({"t": "ended", "run": "7"}),
        json!({"t": "ended", "run": "7", "status": "0"}),
        json!({"t": "clean", "run": 7}),
        json!({"t": "worker", "run": "7", "name": "main", "tid": 1, "pid": 1}),
        json!({"t": "at", "step": -1}),
        json!({"t": "at", "step": 65536}),
        json!({"t": "error", "run": "7", "what": "sorry", "detail": ""}),
        json!({"run": "7"}),
        json!([]),
    ] {
        assert!(!from.is_valid(&message), "the schema accepts {message}");
        assert!(
            serde_json::from_value::<FromAdapter>(message.clone()).is_err(),
            "the types accept {message}"
        );
    }
    for message in [
        json!({"t": "go", "step": 1}),
        json!({"t": "welcome", "protocol": 1}),
        arm(json!({"on": "q"})),
        arm(json!({"on": "q", "do": "fly"})),
        arm(json!({"on": "q", "do": "put"})),
        arm(json!({"on": "q", "do": "put", "item": {"id": 1, "kind": "stone"}})),
        arm(json!({"on": "q", "do": "put", "item": {"id": 1, "size": 4}})),
        arm(json!({"on": "q", "do": "get", "timeout_ms": "soon"})),
        arm(json!({"on": 5, "do": "get"})),
        object(json!({"name": "q", "kind": "lamp"})),
        object(json!({"kind": "queue"})),
        object(json!({"name": "q", "kind": "queue", "maxsize": "big"})),
    ] {
        assert!(!to.is_valid(&message), "the schema accepts {message}");
        assert!(serde_json::from_value::<ToAdapter>(message.clone()).is_err(), "the types accept {message}");
    }
}

#[test]
fn each_direction_refuses_the_other() {
    let (from, to) = (validator("FromAdapter"), validator("ToAdapter"));
    for (direction, message) in transcript() {
        let (right, wrong) = if direction == ">" { (&from, &to) } else { (&to, &from) };
        assert!(right.is_valid(&message) && !wrong.is_valid(&message), "{direction} {message}");
    }
}
