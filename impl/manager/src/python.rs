//! What Python's operators do with plain values: equality, order, hashing, representation, indices and slices.
//!
//! Whoever uses a managed list sees Python's rules, whichever language he uses it from, and so does the list
//! itself: what `in`, `index` and `sort` find depends on them. A value may share parts or be deep, so nothing
//! here recurses, and whatever costs more than its argument's size is paid for with [`Work`].

mod equal;
mod index;
mod key;
mod number;
mod order;
mod raise;
mod repr;
mod sort;
mod work;

pub use equal::equal;
pub use index::{Slice, Subscript, index_of};
pub use key::{Key, key_of};
pub use number::Number;
pub use order::less;
pub use raise::{Argument, Class, Raise};
pub use repr::{repr, text_repr};
pub use sort::sort;
pub use work::Work;
