//! `repr`: values as Python writes them.

use procession_wire::value::Object;
use procession_wire::{Kind, Node, Text};

use super::{Class, Raise, Work};

/// The value as Python would write it.
///
/// What contains itself is written `[...]` where it comes again. Objects of unknown classes are written as the
/// call that makes them, since their class cannot be asked.
///
/// # Errors
/// A `MemoryError` when it would be longer than `most` bytes; those of [`Work::spend`].
pub fn repr(node: Node<'_>, most: usize, work: &mut Work) -> Result<String, Raise> {
    let mut writer = Writer { text: String::new(), most };
    let mut open = vec![Rest::One(node)];
    // The containers that are open, the outermost first.
    let mut path: Vec<Node<'_>> = Vec::new();
    while let Some(rest) = open.pop() {
        match rest {
            Rest::Word(word) => writer.write(word)?,
            Rest::Close(word) => {
                path.pop();
                writer.write(word)?;
            }
            Rest::One(node) => {
                work.spend(1)?;
                one(node, &mut writer, &mut open, &mut path, work)?;
            }
        }
    }
    Ok(writer.text)
}

/// A text as Python would write it, quotes and all.
pub fn text_repr(text: &str) -> String {
    quoted(Text::from(text))
}

enum Rest<'v> {
    One(Node<'v>),
    Word(&'static str),
    Close(&'static str),
}

struct Writer {
    text: String,
    most: usize,
}

impl Writer {
    fn write(&mut self, word: &str) -> Result<(), Raise> {
        if self.text.len() + word.len() > self.most {
            let most = self.most;
            return Err(Raise::text(
                Class::Memory,
                format!("its text is longer than the {most} bytes that the server allows"),
            ));
        }
        self.text += word;
        Ok(())
    }
}

fn one<'v>(
    node: Node<'v>,
    writer: &mut Writer,
    open: &mut Vec<Rest<'v>>,
    path: &mut Vec<Node<'v>>,
    work: &mut Work,
) -> Result<(), Raise> {
    let is_container = matches!(
        node.kind(),
        Kind::Tuple(_) | Kind::List(_) | Kind::Dict(_) | Kind::Set(_) | Kind::FrozenSet(_) | Kind::Object(_)
    );
    if is_container {
        work.spend(path.len() / 16)?;
        if path.iter().any(|outer| outer.is(node)) {
            return writer.write(match node.kind() {
                Kind::Tuple(_) => "(...)",
                Kind::List(_) => "[...]",
                Kind::Dict(_) => "{...}",
                _ => "...",
            });
        }
    }
    match node.kind() {
        Kind::None => writer.write("None"),
        Kind::Bool(flag) => writer.write(if flag { "True" } else { "False" }),
        Kind::Int(number) => {
            if number.to_i128().is_none() {
                // Decimal digits of a long number take time by the square of its length.
                let bytes = number.to_le_bytes().len();
                work.spend(bytes.saturating_mul(bytes) / 256)?;
            }
            writer.write(&number.to_string())
        }
        Kind::Float(number) => writer.write(&float(number)),
        Kind::Str(text) => {
            work.spend(text.as_bytes().len() / 64)?;
            writer.write(&quoted(text))
        }
        Kind::Bytes(bytes) => {
            work.spend(bytes.len() / 64)?;
            writer.write(&format!("b{}", bytes_quoted(bytes)))
        }
        Kind::ByteArray(bytes) => {
            work.spend(bytes.len() / 64)?;
            writer.write(&format!("bytearray(b{})", bytes_quoted(bytes)))
        }
        Kind::Global(global) => writer.write(&format!("<class '{}.{}'>", global.module, global.name)),
        Kind::Tuple(items) => {
            let end = if items.len() == 1 { ",)" } else { ")" };
            sequence(("(", end), node, items.iter(), writer, open, path)
        }
        Kind::List(items) => sequence(("[", "]"), node, items.iter(), writer, open, path),
        Kind::Set(items) if items.is_empty() => writer.write("set()"),
        Kind::Set(items) => sequence(("{", "}"), node, items.iter(), writer, open, path),
        Kind::FrozenSet(items) if items.is_empty() => writer.write("frozenset()"),
        Kind::FrozenSet(items) => sequence(("frozenset({", "})"), node, items.iter(), writer, open, path),
        Kind::Dict(pairs) => {
            writer.write("{")?;
            path.push(node);
            open.push(Rest::Close("}"));
            let from = open.len();
            for (index, (key, value)) in pairs.iter().enumerate() {
                let between = (index > 0).then_some(Rest::Word(", "));
                open.extend(between);
                open.extend([Rest::One(key), Rest::Word(": "), Rest::One(value)]);
            }
            open[from..].reverse();
            Ok(())
        }
        Kind::Object(object) => made(object, node, writer, open, path),
        _ => writer.write("<unknown>"),
    }
}

fn sequence<'v>(
    (begin, end): (&'static str, &'static str),
    node: Node<'v>,
    items: impl Iterator<Item = Node<'v>>,
    writer: &mut Writer,
    open: &mut Vec<Rest<'v>>,
    path: &mut Vec<Node<'v>>,
) -> Result<(), Raise> {
    writer.write(begin)?;
    path.push(node);
    open.push(Rest::Close(end));
    let from = open.len();
    for (index, item) in items.enumerate() {
        open.extend((index > 0).then_some(Rest::Word(", ")));
        open.push(Rest::One(item));
    }
    open[from..].reverse();
    Ok(())
}

/// An object as the call that makes it.
fn made<'v>(
    object: Object<'v>,
    node: Node<'v>,
    writer: &mut Writer,
    open: &mut Vec<Rest<'v>>,
    path: &mut Vec<Node<'v>>,
) -> Result<(), Raise> {
    path.push(node);
    open.push(Rest::Close(")"));
    let from = open.len();
    match object.function.kind() {
        Kind::Global(class) => {
            if class.module != "builtins" {
                writer.write(&format!("{}.", class.module))?;
            }
            writer.write(&class.name.to_string())?;
        }
        _ => open.push(Rest::One(object.function)),
    }
    open.push(Rest::Word("("));
    let args = object.args.tuple();
    for (index, arg) in args.iter().flat_map(|args| args.iter()).enumerate() {
        open.extend((index > 0).then_some(Rest::Word(", ")));
        open.push(Rest::One(arg));
    }
    open[from..].reverse();
    Ok(())
}

/// A float in the fewest digits that give it back, as Python writes them.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// The quote that Python chooses: double where that saves escapes.
fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

fn quoted(text: Text<'_>) -> String {
    let bytes = text.as_bytes();
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut written = String::with_capacity(bytes.len() + 2);
    written.push(quote);
    for point in text.chars() {
        match char::from_u32(point) {
            Some('\\') => written += "\\\\",
            Some('\n') => written += "\\n",
            Some('\r') => written += "\\r",
            Some('\t') => written += "\\t",
            Some(char) if char == quote => written.extend(['\\', char]),
            Some(char) if is_printable(char) => written.push(char),
            _ => {
                written += &match point {
                    0..=0xff => format!("\\x{point:02x}"),
                    0x100..=0xffff => format!("\\u{point:04x}"),
                    _ => format!("\\U{point:08x}"),
                };
            }
        }
    }
    written.push(quote);
    written
}

/// Nearly Python's `isprintable`, by the tables of Rust's own escapes.
fn is_printable(char: char) -> bool {
    match char {
        ' '..='~' => true,
        '\0'..='\u{a0}' | '\u{ad}' => false,
        // Behind another character Rust escapes exactly what cannot be seen.
        _ => !char.is_whitespace() && format!("a{char}").escape_debug().nth(1) == Some(char),
    }
}

fn bytes_quoted(bytes: &[u8]) -> String {
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut written = String::with_capacity(bytes.len() + 2);
    written.push(quote);
    for &byte in bytes {
        match byte {
            b'\\' => written += "\\\\",
            b'\n' => written += "\\n",
            b'\r' => written += "\\r",
            b'\t' => written += "\\t",
            _ if char::from(byte) == quote => written.extend(['\\', quote]),
            b' '..=b'~' => written.push(byte.into()),
            _ => written += &format!("\\x{byte:02x}"),
        }
    }
    written.push(quote);
    written
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, "0.0")]
    #[case(-0.0, "-0.0")]
    #[case(1.0, "1.0")]
    #[case(0.1, "0.1")]
    #[case(1e15, "1000000000000000.0")]
    #[case(1e16, "1e+16")]
    #[case(1.5e16, "1.5e+16")]
    #[case(0.0001, "0.0001")]
    #[case(0.00001, "1e-05")]
    #[case(1e300, "1e+300")]
    #[case(5e-324, "5e-324")]
    #[case(f64::INFINITY, "inf")]
    #[case(f64::NAN, "nan")]
    fn floats(#[case] number: f64, #[case] expected: &str) {
        assert_eq!(float(number), expected);
    }

    #[rstest]
    #[case("a", "'a'")]
    #[case("it's", "\"it's\"")]
    #[case("'\"", "'\\'\"'")]
    #[case("\n\t\\\0\x7f", r"'\n\t\\\x00\x7f'")]
    #[case("é€😀\u{301}", "'é€😀\u{301}'")]
    #[case("\u{a0}\u{200b}\u{ad}\u{e000}", r"'\xa0\u200b\xad\ue000'")]
    fn texts(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text_repr(text), expected);
    }

    #[test]
    fn a_surrogate_is_escaped() {
        let text = Text::new(&[0xed, 0xa0, 0xbd]).expect("a surrogate is let through");
        assert_eq!(quoted(text), "'\\ud83d'");
    }
}
