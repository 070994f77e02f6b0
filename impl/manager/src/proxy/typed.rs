//! What the proxies of known types have in common.

use std::time::Duration;

/// A proxy of a known type around a [`Proxy`](super::Proxy), with the types of what it holds.
macro_rules! typed {
    ($(#[$doc:meta])* $name:ident $(<$($of:ident),+>)?) => {
        $(#[$doc])*
        pub struct $name$(<$($of),+>)? {
            proxy: crate::proxy::Proxy,
            _of: std::marker::PhantomData<fn() -> ($($($of,)+)?)>,
        }

        impl$(<$($of),+>)? $name$(<$($of),+>)? {
            /// The proxy without its type.
            pub fn proxy(&self) -> &crate::proxy::Proxy {
                &self.proxy
            }
        }

        impl$(<$($of),+>)? From<crate::proxy::Proxy> for $name$(<$($of),+>)? {
            /// Takes the object to be of this type, which its calls find out.
            fn from(proxy: crate::proxy::Proxy) -> Self {
                $name { proxy, _of: std::marker::PhantomData }
            }
        }

        impl$(<$($of),+>)? Clone for $name$(<$($of),+>)? {
            fn clone(&self) -> Self {
                self.proxy.clone().into()
            }
        }

        impl$(<$($of),+>)? std::fmt::Debug for $name$(<$($of),+>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.proxy.fmt(f)
            }
        }

        impl$(<$($of),+>)? serde::Serialize for $name$(<$($of),+>)? {
            fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                self.proxy.serialize(serializer)
            }
        }

        impl<'de, $($($of),+)?> serde::Deserialize<'de> for $name$(<$($of),+>)? {
            fn deserialize<Z: serde::Deserializer<'de>>(deserializer: Z) -> Result<Self, Z::Error> {
                crate::proxy::Proxy::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

/// An enum of what can become of an operation: variants for Python's classes of error, and one for all others.
macro_rules! failures {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$why:meta])* $variant:ident($($class:literal)|+) => $said:literal,)* }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$why])* $variant,)*
            /// The call itself failed.
            Call(crate::proxy::CallError),
        }

        impl From<crate::proxy::CallError> for $name {
            fn from(error: crate::proxy::CallError) -> Self {
                $(if $(error.is($class))||+ {
                    return $name::$variant;
                })*
                $name::Call(error)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $($name::$variant => f.write_str($said),)*
                    $name::Call(error) => error.fmt(f),
                }
            }
        }

        impl std::error::Error for $name {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                match self {
                    $name::Call(error) => Some(error),
                    $(#[allow(unreachable_patterns)] $name::$variant => None,)*
                }
            }
        }
    )*};
}

pub(super) use {failures, typed};

/// A time limit as Python has it: in seconds, `None` for none.
pub(super) fn seconds(limit: Option<Duration>) -> Option<f64> {
    limit.map(|limit| limit.as_secs_f64())
}
