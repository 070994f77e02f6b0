//! What can lie in shared memory: types for which every pattern of bits is a value.
#![expect(unsafe_code, reason = "promises what the compiler cannot check")]

use std::fmt;
use std::marker::PhantomData;

/// A type of which a copy can lie in memory that others change at any time.
///
/// Numbers have it, arrays of them, and records made by [`record!`](crate::record).
///
/// # Safety
/// Every pattern of bits is a value of the type, also one that other processes have mixed from several
/// values; it holds no pointers and no references, which would mean something in one process only.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}

macro_rules! plain {
    ($($number:ty),*) => {
        $(
            // SAFETY: a number, of which every pattern of bits is one.
            unsafe impl Plain for $number {}
        )*
    };
}

plain!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);

// SAFETY: the elements have no other bits between them, and each of theirs is a value.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// Where a field of type `F` lies in a record of type `R`: a constant of the record with the field's
/// name, which [`record!`](crate::record) makes.
pub struct Field<R, F> {
    offset: usize,
    of: PhantomData<fn(R) -> F>,
}

impl<R, F> Field<R, F> {
    /// A field at this offset.
    ///
    /// # Safety
    /// At this offset of every `R` there is an `F`, as `offset_of!` says.
    #[doc(hidden)]
    pub const unsafe fn at(offset: usize) -> Field<R, F> {
        Field { offset, of: PhantomData }
    }

    pub(crate) fn offset(self) -> usize {
        self.offset
    }
}

impl<R, F> Clone for Field<R, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, F> Copy for Field<R, F> {}

impl<R, F> fmt::Debug for Field<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field at {}", self.offset)
    }
}

/// Defines a record: a structure of [`Plain`](crate::value::Plain) fields, laid out as C does, that can
/// lie in shared memory. For each field it has a constant of the same name, by which the field of a shared
/// record is read and written on its own.
///
/// ```
/// use procession_reference::{Value, record};
///
/// record! {
///     /// Where something is.
///     pub struct Place {
///         /// To the right.
///         pub x: f64,
///         /// Upwards.
///         pub y: f64,
///         visits: u32,
///     }
/// }
///
/// let place = Value::new(Place { x: 1.0, y: 2.0, visits: 0 })?;
/// place.field(Place::x).set(5.0)?;
/// place.field(Place::visits).update(|visits| *visits += 1)?;
/// assert_eq!(place.get()?, Place { x: 5.0, y: 2.0, visits: 1 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! record {
    (
        $(#[$of_record:meta])*
        $visible:vis struct $record:ident {
            $( $(#[$of_field:meta])* $field_visible:vis $field:ident : $type:ty ),* $(,)?
        }
    ) => {
        $(#[$of_record])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(C)]
        $visible struct $record {
            $( $(#[$of_field])* $field_visible $field: $type, )*
        }

        // SAFETY: every field is plain, which `every_field_is_plain` checks, and a record of them is what
        // its fields are; what lies between them is never looked at.
        #[allow(unsafe_code)]
        unsafe impl $crate::value::Plain for $record {}

        const _: () = {
            const fn every_field_is_plain<T: $crate::value::Plain>() {}
            $( every_field_is_plain::<$type>(); )*
        };

        #[allow(non_upper_case_globals, unsafe_code, dead_code)]
        impl $record {
            $(
                #[doc = concat!("The place of `", stringify!($field), "` in a shared record.")]
                // SAFETY: the field itself is named.
                $field_visible const $field: $crate::value::Field<$record, $type> =
                    unsafe { $crate::value::Field::at(::std::mem::offset_of!($record, $field)) };
            )*
        }
    };
}
