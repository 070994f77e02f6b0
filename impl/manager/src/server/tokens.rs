//! The objects that a value names: proxies and tokens anywhere in it.

use procession_wire::message::{MANAGERS, Token};
use procession_wire::value::{How, Object};
use procession_wire::{Kind, Node};

/// The tokens of the objects to which the value refers, of whichever server; some perhaps more than once.
pub(super) fn tokens_in(node: Node<'_>) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut walk = node.walk();
    while let Some(node) = walk.next() {
        if let Kind::Object(object) = node.kind()
            && is_token(object)
            && let Ok(token) = Token::read(node)
        {
            tokens.push(token);
        } else {
            walk.enter();
        }
    }
    tokens
}

fn is_token(object: Object<'_>) -> bool {
    object.how == How::New
        && matches!(object.function.kind(), Kind::Global(class) if class.module == MANAGERS && class.name == "Token")
}
