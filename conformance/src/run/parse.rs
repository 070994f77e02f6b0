//! Reading an adapter's message so that an error names the field.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::protocol::{ErrorKind, FromAdapter};
use procession_contract::Manifest;

/// The same messages with the tag outside: inside a tagged object serde no longer knows where it
/// is, and an error could not name the field. The compiler checks that both agree.
#[derive(Deserialize)]
#[serde(remote = "FromAdapter", rename_all = "snake_case", deny_unknown_fields)]
enum Tagged {
    Hello { protocol: Vec<u32>, manifest: Box<Manifest> },
    Ended { run: String, status: i32 },
    Clean { run: String },
    Error { run: String, what: ErrorKind, detail: String },
    Worker { run: String, name: String, tid: i32 },
    At { step: u16 },
    Text { step: u16, text: String },
    Done {},
}

/// Reads a message.
///
/// # Errors
/// What is wrong with the line and what was expected, naming the message and the field.
pub(super) fn parse(line: &str) -> Result<FromAdapter, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("a line is not JSON: {error}"))?;
    let Value::Object(mut fields) = value else {
        return Err("a line is not a JSON object".into());
    };
    let tag = match fields.remove("t") {
        Some(Value::String(tag)) => tag,
        Some(other) => return Err(format!("the field `t` is {other}, expected the message's name")),
        None => return Err("the field `t` is missing, expected the message's name".into()),
    };
    let message = Map::from_iter([(tag.clone(), Value::Object(fields))]);
    let mut track = serde_path_to_error::Track::new();
    let input = serde_path_to_error::Deserializer::new(Value::Object(message), &mut track);
    Tagged::deserialize(input).map_err(|error| {
        let path = track.path().to_string();
        match path.strip_prefix(&format!("{tag}.")) {
            Some(field) => format!("message `{tag}`, field `{field}`: {error}"),
            None => format!("message `{tag}`: {error}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_field() {
        let error = |line| parse(line).expect_err("this is no message");
        assert_eq!(parse(r#"{"t":"at","step":3}"#), Ok(FromAdapter::At { step: 3 }));
        assert_eq!(parse(r#"{"t":"done"}"#), Ok(FromAdapter::Done {}));
        let wrong_type = error(r#"{"t":"at","step":"3"}"#);
        assert!(wrong_type.starts_with("message `at`, field `step`: invalid type"), "{wrong_type}");
        let unknown = error(r#"{"t":"done","colour":1}"#);
        assert!(unknown.contains("unknown field `colour`"), "{unknown}");
        let nested = error(r#"{"t":"hello","protocol":[1],"manifest":{"name":"x","version":7}}"#);
        assert!(nested.starts_with("message `hello`, field `manifest.version`"), "{nested}");
        assert!(error(r#"{"step":3}"#).contains("`t` is missing"));
        assert!(error(r#"{"t":"frobnicate"}"#).contains("unknown variant `frobnicate`"));
        assert!(error("pure garbage").starts_with("a line is not JSON"));
    }
}
