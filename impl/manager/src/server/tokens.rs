//! The objects that a value names: proxies and tokens anywhere in it.

use std::collections::HashSet;

use procession_wire::message::{MANAGERS, Token};
use procession_wire::value::{How, Object};
use procession_wire::{Kind, Node, Text};

/// The names of the objects to which the value refers, of whichever server; some perhaps more than once.
///
/// A value can be deep, share its parts and contain itself: each part is looked at once.
pub(super) fn idents_in(node: Node<'_>) -> Vec<Text<'_>> {
    let mut idents = Vec::new();
    let mut seen = HashSet::new();
    let mut open = Vec::new();
    open_up(node, &mut open);
    while let Some(node) = open.pop() {
        if !seen.insert(node.id()) {
            continue;
        }
        match node.kind() {
            Kind::Tuple(items) | Kind::List(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
                items.iter().for_each(|item| open_up(item, &mut open));
            }
            Kind::Dict(pairs) => {
                pairs.iter().for_each(|(key, value)| {
                    open_up(key, &mut open);
                    open_up(value, &mut open);
                });
            }
            Kind::Object(object) => {
                if is_token(object)
                    && let Ok(token) = Token::read(node)
                {
                    idents.push(token.ident);
                    continue;
                }
                open_up(object.function, &mut open);
                open_up(object.args, &mut open);
                object.kwargs.into_iter().chain(object.state).for_each(|part| open_up(part, &mut open));
                object.items.iter().for_each(|item| open_up(item, &mut open));
                object.pairs.iter().for_each(|(key, value)| {
                    open_up(key, &mut open);
                    open_up(value, &mut open);
                });
            }
            _ => {}
        }
    }
    idents
}

/// Keeps for later what can have parts: most of a value is numbers and texts.
fn open_up<'v>(node: Node<'v>, open: &mut Vec<Node<'v>>) {
    let has_parts = matches!(
        node.kind(),
        Kind::Tuple(_) | Kind::List(_) | Kind::Dict(_) | Kind::Set(_) | Kind::FrozenSet(_) | Kind::Object(_)
    );
    if has_parts {
        open.push(node);
    }
}

fn is_token(object: Object<'_>) -> bool {
    object.how == How::New
        && matches!(object.function.kind(), Kind::Global(class) if class.module == MANAGERS && class.name == "Token")
}
