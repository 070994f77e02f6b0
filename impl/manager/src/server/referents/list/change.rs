//! Methods that change a list.

use procession_wire::Node;

use super::{Elements, List, list_of};
use crate::python::{self, Class, Raise};
use crate::server::referents::argument::{positional, size_of, type_name};
use crate::server::referents::arithmetic::integer;
use crate::server::referents::hold::Hold;
use crate::server::referents::iterable::Through;
use crate::server::{Call, Fault, Given, Stored};

impl List {
    pub(super) fn append(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [element] = call.arguments.exactly("list.append")?;
        self.put_in(call, element, |list| list.all().len())
    }

    pub(super) fn insert(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [index, element] = call.arguments.exactly("insert")?;
        let index = size_of(index)?;
        self.put_in(call, element, |list| {
            let length = list.all().len();
            // Before the first or behind the last, if it is beyond them.
            let from_end = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            if index < 0 { length.saturating_sub(from_end) } else { from_end.min(length) }
        })
    }

    fn put_in(
        &self,
        call: &Call<'_>,
        element: Node<'_>,
        place: impl FnOnce(&Hold<'_, Elements>) -> usize,
    ) -> Result<Given, Fault> {
        let mut new = vec![Stored::of(element, call.objects)];
        let mut list = self.lock();
        let at = place(&list);
        list.splice(at..at, &mut new, call.quota)?;
        Ok(Given::none())
    }

    pub(super) fn extend(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [elements] = call.arguments.exactly("list.extend")?;
        let mut new =
            Through { objects: call.objects, work: call.work, quota: call.quota }.elements(elements)?;
        let mut list = self.lock();
        let end = list.all().len();
        list.splice(end..end, &mut new, call.quota)?;
        Ok(Given::none())
    }

    pub(super) fn pop(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [index] = positional(call.arguments, "pop", 0)?;
        let index = index.map_or(Ok(-1), size_of)?;
        let mut list = self.lock();
        if list.all().is_empty() {
            return Err(Raise::text(Class::Index, "pop from empty list").into());
        }
        let at = list.place(index, "pop index out of range")?;
        let gone = list.splice(at..at + 1, &mut Vec::new(), call.quota)?;
        drop(list);
        Ok(Given::Value(gone.into_iter().next().unwrap_or_else(Stored::none)))
    }

    pub(super) fn remove(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [element] = call.arguments.exactly("list.remove")?;
        let mut list = self.lock();
        let all = 0..list.all().len();
        match super::lookup::position(list.all(), all, element, call.work)? {
            None => Err(Raise::value_error("list.remove(x): x not in list").into()),
            Some(at) => {
                let gone = list.splice(at..at + 1, &mut Vec::new(), call.quota)?;
                list.let_go(gone);
                Ok(Given::none())
            }
        }
    }

    pub(super) fn clear(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("list.clear")?;
        let mut list = self.lock();
        let gone = std::mem::replace(&mut *list, Elements::of(Vec::new()));
        drop(list);
        drop(gone);
        Ok(Given::none())
    }

    pub(super) fn reverse(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [] = call.arguments.exactly("list.reverse")?;
        self.lock().reorder(|all| all.reverse());
        Ok(Given::none())
    }

    pub(super) fn sort(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let reverse = sort_arguments(call)?;
        let work = &mut *call.work;
        // No element is dropped under the lock: sorting clones them, and the list keeps each until it has it again.
        self.lock().reorder(|all| {
            let mut sorted = all.clone();
            // From the back and back again, so that equal elements keep their order.
            if reverse {
                sorted.reverse();
            }
            python::sort(&mut sorted, |one, other| python::less(one.root(), other.root(), work))?;
            if reverse {
                sorted.reverse();
            }
            *all = sorted;
            Ok::<_, Raise>(())
        })?;
        Ok(Given::none())
    }

    pub(super) fn multiply(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let [times] = call.arguments.exactly("__imul__")?;
        let times = size_of(times)?;
        let mut list = self.lock();
        let repeated = list.repeated(times, call.quota)?;
        let now = repeated.clone();
        let gone = std::mem::replace(&mut *list, Elements::of(repeated));
        drop(list);
        drop(gone);
        Ok(Given::Value(list_of(&now)))
    }
}

/// Whether `sort` is to begin with the largest.
fn sort_arguments(call: &Call<'_>) -> Result<bool, Raise> {
    if !call.arguments.positional.is_empty() {
        return Err(Raise::type_error("sort() takes no positional arguments"));
    }
    let mut reverse = false;
    for (name, value) in call.arguments.named.iter() {
        match name.text().and_then(|name| name.to_str()) {
            Some("key") if value.is_none() => {}
            Some("key") => {
                return Err(Raise::text(
                    Class::NotImplemented,
                    format!(
                        "sort() has no interpreter to call a key of type '{}' with; sort a copy and store it",
                        type_name(value)
                    ),
                ));
            }
            Some("reverse") => {
                let number = integer(value).ok_or_else(|| {
                    let found = type_name(value);
                    Raise::type_error(format!("'{found}' object cannot be interpreted as an integer"))
                })?;
                // A C int, to Python 3.11.
                let number = number.to_i64().and_then(|number| i32::try_from(number).ok());
                let beyond = || Raise::text(Class::Overflow, "Python int too large to convert to C int");
                reverse = number.ok_or_else(beyond)? != 0;
            }
            other => {
                let name = other.unwrap_or_default();
                return Err(Raise::type_error(format!("'{name}' is an invalid keyword argument for sort()")));
            }
        }
    }
    Ok(reverse)
}
