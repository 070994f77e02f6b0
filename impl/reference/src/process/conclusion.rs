//! What a body may return: anything, and only an error makes the process fail.

use std::fmt::Debug;

/// The result of a body. A process whose body returns ends with exit code 0 whatever the value is;
/// only an `Err` is an uncaught error: a report on standard error and exit code 1.
pub trait Conclusion {
    /// `Err` with the text of the report if the body failed.
    fn conclude(self) -> Result<(), String>;
}

macro_rules! succeeds {
    ($($type:ty),*) => {$(
        impl Conclusion for $type {
            fn conclude(self) -> Result<(), String> {
                Ok(())
            }
        }
    )*};
}

succeeds!((), bool, char, &'static str, String, f32, f64);
succeeds!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl<T> Conclusion for Option<T> {
    fn conclude(self) -> Result<(), String> {
        Ok(())
    }
}

impl<T> Conclusion for Vec<T> {
    fn conclude(self) -> Result<(), String> {
        Ok(())
    }
}

/// Names the type of a body that never returns, which cannot be written in an `impl` yet.
pub trait Returned {
    /// What the function returns.
    type Type;
}

impl<T> Returned for fn() -> T {
    type Type = T;
}

impl Conclusion for <fn() -> ! as Returned>::Type {
    fn conclude(self) -> Result<(), String> {
        self
    }
}

impl Conclusion for std::convert::Infallible {
    fn conclude(self) -> Result<(), String> {
        match self {}
    }
}

impl<T: Conclusion, E: Debug> Conclusion for Result<T, E> {
    fn conclude(self) -> Result<(), String> {
        match self {
            Ok(value) => value.conclude(),
            Err(error) => Err(format!("Error: {error:?}")),
        }
    }
}
