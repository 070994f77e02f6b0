"""Calls on Lock, RLock, the semaphores, Condition, Event and Barrier."""

from functools import partial

from .answers import number
from .calls_queue import plain
from .targets import NotOffered, attribute, offered, seconds


def own_method(target, name):
    """A method that the object itself has: locks bind `acquire` and `release` when they are made."""
    found = getattr(target, name, None)
    if found is None:
        raise NotOffered("%s has no %s" % (type(target).__name__, name))
    return found


def acquire(worker, step):
    target = worker.target(step["on"])
    arguments = (step.get("block", True), seconds(step.get("timeout_ms")))
    return partial(own_method(target, "acquire"), *arguments), number, target


def release(worker, step):
    target = worker.target(step["on"])
    call = own_method(target, "release")
    if step.get("n") is not None:
        call = partial(call, step["n"])
    return call, None, target


def await_(worker, step):
    target = worker.target(step["on"])
    call = offered(target, "wait")
    if step.get("timeout_ms") is not None:
        call = partial(call, seconds(step["timeout_ms"]))
    return call, number, target


def await_word(worker, step):
    target = worker.target(step["on"])
    words, index, least = worker.shared_words(), step["index"], step["least"]
    call = partial(offered(target, "wait_for"), lambda: words.read(index) >= least)
    if step.get("timeout_ms") is not None:
        call = partial(call, seconds(step["timeout_ms"]))
    return call, number, target


def notify(worker, step):
    target = worker.target(step["on"])
    call = offered(target, "notify")
    if step.get("n") is not None:
        call = partial(call, step["n"])
    return call, None, target


def reading(name):
    """An attribute that is a number or a truth value."""

    def prepare(worker, step):
        target = worker.target(step["on"])
        return attribute(target, name), number, target

    return prepare


CALLS = {
    "acquire": acquire,
    "release": release,
    "permits": plain("get_value", number),
    "await": await_,
    "await_word": await_word,
    "notify": notify,
    "notify_all": plain("notify_all"),
    "set": plain("set"),
    "clear": plain("clear"),
    "is_set": plain("is_set", number),
    "abort": plain("abort"),
    "reset": plain("reset"),
    "parties": reading("parties"),
    "waiting": reading("n_waiting"),
    "broken": reading("broken"),
}
