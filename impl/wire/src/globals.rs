//! Which classes and functions a pickle may name, and what they are called in Python 2.

use std::collections::HashSet;

use crate::text::Text;

/// Which classes and functions a pickle may name.
///
/// Nothing is ever looked up or called here, so any name is safe to read. But what is passed on to a Python
/// process *is* called there: a list of names keeps one peer's `os.system` from another.
#[derive(Debug, Clone, Default)]
pub struct Globals {
    everything: bool,
    also: HashSet<(String, String)>,
}

impl Globals {
    /// The names that plain data and a manager need: those of [`LISTED`] and the built-in exceptions.
    pub fn listed() -> Self {
        Globals::default()
    }

    /// Any name: for peers that trust each other.
    pub fn everything() -> Self {
        Globals { everything: true, also: HashSet::new() }
    }

    /// One name more.
    pub fn and(mut self, module: &str, name: &str) -> Self {
        self.also.insert((module.to_string(), name.to_string()));
        self
    }

    /// Whether a pickle may name it.
    pub fn allows(&self, module: Text<'_>, name: Text<'_>) -> bool {
        if self.everything {
            return true;
        }
        let (Some(module), Some(name)) = (module.to_str(), name.to_str()) else { return false };
        LISTED.iter().any(|(listed, names)| *listed == module && names.contains(&name))
            || module == "builtins" && is_exception(name)
            || !self.also.is_empty() && self.also.contains(&(module.to_string(), name.to_string()))
    }
}

/// Modules and the names in them that [`Globals::listed`] allows, besides the built-in exceptions.
pub const LISTED: &[(&str, &[&str])] = &[
    (
        "builtins",
        &["slice", "range", "complex", "list", "reversed", "iter", "set", "frozenset", "bytes", "bytearray"],
    ),
    ("_codecs", &["encode"]),
    (
        "multiprocessing.managers",
        &[
            "Token",
            "RebuildProxy",
            "AutoProxy",
            "ListProxy",
            "DictProxy",
            "NamespaceProxy",
            "ValueProxy",
            "ArrayProxy",
            "AcquirerProxy",
            "ConditionProxy",
            "EventProxy",
            "BarrierProxy",
            "IteratorProxy",
            "Namespace",
            "Value",
        ],
    ),
    ("array", &["array"]),
    ("queue", &["Empty", "Full", "ShutDown"]),
    ("_queue", &["Empty"]),
    ("threading", &["BrokenBarrierError"]),
];

/// The built-in exceptions that Python 2 has too, under `exceptions`.
const OLD_EXCEPTIONS: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BufferError",
    "BytesWarning",
    "DeprecationWarning",
    "EOFError",
    "EnvironmentError",
    "Exception",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "IOError",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "ReferenceError",
    "RuntimeError",
    "RuntimeWarning",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
];

/// Those that came later.
const NEW_EXCEPTIONS: &[&str] = &[
    "BaseExceptionGroup",
    "BlockingIOError",
    "BrokenPipeError",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "EncodingWarning",
    "ExceptionGroup",
    "FileExistsError",
    "FileNotFoundError",
    "InterruptedError",
    "IsADirectoryError",
    "ModuleNotFoundError",
    "NotADirectoryError",
    "PermissionError",
    "ProcessLookupError",
    "PythonFinalizationError",
    "RecursionError",
    "ResourceWarning",
    "StopAsyncIteration",
    "TimeoutError",
];

/// Whether `builtins` has an exception of this name, in any Python from 3.6 to 3.13.
pub fn is_exception(name: &str) -> bool {
    OLD_EXCEPTIONS.contains(&name) || NEW_EXCEPTIONS.contains(&name)
}

/// Modules that only changed their name from Python 2 to 3, as far as plain data and managers meet them.
const RENAMED: &[(&str, &str)] = &[("__builtin__", "builtins"), ("Queue", "queue"), ("copy_reg", "copyreg")];

/// The name in Python 3 of what a pickle of protocol 2 names.
pub(crate) fn to_python_3<'n>(module: &'n str, name: &'n str) -> (&'n str, &'n str) {
    match (module, name) {
        ("__builtin__", "xrange") => ("builtins", "range"),
        ("__builtin__", "unicode") => ("builtins", "str"),
        ("__builtin__", "long") => ("builtins", "int"),
        ("exceptions", name) if OLD_EXCEPTIONS.contains(&name) => ("builtins", name),
        _ => (RENAMED.iter().find(|(old, _)| *old == module).map_or(module, |(_, new)| new), name),
    }
}

/// The name in Python 2, for a pickle of protocol 2.
pub(crate) fn to_python_2<'n>(module: &'n str, name: &'n str) -> (&'n str, &'n str) {
    match (module, name) {
        ("builtins", "range") => ("__builtin__", "xrange"),
        ("builtins", "str") => ("__builtin__", "unicode"),
        ("builtins", "int") => ("__builtin__", "long"),
        ("builtins", name) if OLD_EXCEPTIONS.contains(&name) => ("exceptions", name),
        _ => (RENAMED.iter().find(|(_, new)| *new == module).map_or(module, |(old, _)| old), name),
    }
}
