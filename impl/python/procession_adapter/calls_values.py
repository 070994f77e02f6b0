"""Calls on shared values, arrays, records and the elements of lists."""

import multiprocessing
from functools import partial
from multiprocessing import sharedctypes
from multiprocessing.managers import DictProxy

from .answers import DONE, number
from .history import signed
from .scalars import read, read_slice, scalar
from .targets import NotOffered, offered


class Place:
    """Where a value is read and written: an element, a field, a field of an element, or all there is.

    Every access goes through the object as it is written in a program: `a[i]`, `r.x`, `a[i].x`, `v.value`.
    """

    def __init__(self, target, step):
        self.target = target
        self.at = step.get("at")
        self.field = step.get("field")
        if self.at is not None:
            offered(target, "__getitem__")
        elif self.field is None:
            self.field = "value"
            offered_field(target, "value")
        elif isinstance(target, DictProxy):
            self.at, self.field = self.field, None

    def get(self):
        if self.at is None:
            return getattr(self.target, self.field)
        element = self.target[self.at]
        return element if self.field is None else getattr(element, self.field)

    def set(self, value):
        if self.at is None:
            setattr(self.target, self.field, value)
        elif self.field is None:
            self.target[self.at] = value
        else:
            setattr(self.target[self.at], self.field, value)


def offered_field(target, name):
    if not hasattr(type(target), name):
        raise NotOffered("%s has no %s" % (type(target).__name__, name))


def load(worker, step):
    target = worker.target(step["on"])
    return Place(target, step).get, read, target


def store(worker, step):
    target = worker.target(step["on"])
    return partial(Place(target, step).set, scalar(step["to"])), None, target


def add(worker, step):
    """As `+=` does it: a read, and then a write."""
    target = worker.target(step["on"])
    place, amount, times = Place(target, step), step["amount"], step.get("times", 1)
    lock = offered(target, "get_lock")() if step.get("locked") else None

    def call():
        written = None
        for _ in range(times):
            if lock is None:
                written = place.get() + amount
                place.set(written)
            else:
                with lock:
                    written = place.get() + amount
                    place.set(written)
        return written

    return call, last_written, target


def last_written(written):
    return number(signed(written)) if isinstance(written, int) else DONE


def slice_of(step):
    return slice(step.get("from"), step.get("to"), step.get("step"))


def load_slice(worker, step):
    target = worker.target(step["on"])
    return partial(offered(target, "__getitem__"), slice_of(step)), read_slice, target


def store_slice(worker, step):
    target = worker.target(step["on"])
    values = [scalar(written) for written in step["values"]]
    return partial(offered(target, "__setitem__"), slice_of(step), values), None, target


def given_lock(worker, name):
    """The lock that the object of this name was given, if it was given one."""
    specs = worker.ticket["script"]["objects"] + [
        step["object"] for step in worker.steps if step["do"] == "create"
    ]
    for spec in specs:
        if spec["name"] == name and isinstance(spec.get("lock"), dict):
            return worker.objects.get(spec["lock"]["given"])
    return None


def get_lock(worker, step):
    target, name = worker.target(step["on"]), step["name"]
    given = given_lock(worker, step["on"])

    def call():
        worker.objects[name] = target.get_lock()
        return worker.objects[name] is given

    return call, number, target


def named_result(worker, step, make):
    """A call whose result is known under the step's `name` from then on."""
    name = step["name"]

    def call():
        worker.objects[name] = make()

    return call, None


def get_object(worker, step):
    target = worker.target(step["on"])
    return named_result(worker, step, lambda: target.get_obj()) + (target,)


def copy(worker, step):
    target = worker.target(step["on"])
    return named_result(worker, step, partial(sharedctypes.copy, target)) + (target,)


def synchronise(worker, step):
    target = worker.target(step["on"])
    context = multiprocessing.get_context(worker.ticket["script"]["method"])
    return named_result(worker, step, partial(sharedctypes.synchronized, target, ctx=context)) + (target,)


CALLS = {
    "load": load,
    "store": store,
    "add": add,
    "load_slice": load_slice,
    "store_slice": store_slice,
    "get_lock": get_lock,
    "get_object": get_object,
    "copy": copy,
    "synchronise": synchronise,
}
