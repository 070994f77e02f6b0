//! The bounds a reader keeps: what one message may cost, whoever wrote it.

/// What a pickle may cost before the reader refuses it.
///
/// Every dimension that the bytes of a stranger decide is bounded by one of these numbers; memory follows
/// from them: at most `bytes` for texts decoded, and for each of `items` and `memo` some tens of bytes.
/// The fields are public: start from [`Limits::default`] and set what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the pickle, and of the texts decoded from it, in bytes: 256 MiB. More than `u32::MAX` cannot
    /// be read whatever this says.
    pub bytes: usize,
    /// Containers within containers: 5,000, one more than any CPython up to 3.13 can write.
    pub nesting: usize,
    /// Entries of the memo: 16 Mi.
    pub memo: usize,
    /// Values and places in containers, together: 16 Mi.
    pub items: usize,
    /// Bytes of the module, and of the name, of a class or function: 1,000 each.
    pub name: usize,
    /// Bytes of one integer: 4,096, which is 9,864 decimal digits. Printing in decimal costs the square of
    /// it.
    pub integer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 256 << 20, nesting: 5000, memo: 16 << 20, items: 16 << 20, name: 1000, integer: 4096 }
    }
}

/// One dimension of [`Limits`], as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dimension {
    /// [`Limits::bytes`].
    Bytes,
    /// [`Limits::nesting`].
    Nesting,
    /// [`Limits::memo`].
    Memo,
    /// [`Limits::items`].
    Items,
    /// [`Limits::integer`].
    Integer,
    /// [`Limits::name`].
    Name,
}

impl std::fmt::Display for Dimension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Dimension::Bytes => "bytes of text",
            Dimension::Nesting => "containers within containers",
            Dimension::Memo => "memo entries",
            Dimension::Items => "values",
            Dimension::Integer => "bytes in one integer",
            Dimension::Name => "bytes in the name of a class or function",
        })
    }
}
