"""Calls on any object: closing it, dropping it, serialising it, using it as a scope."""

from multiprocessing.reduction import ForkingPickler

from .answers import number
from .targets import NoSuchTarget, NotOffered, attribute, offered


def close(worker, step):
    target = worker.target(step["on"])
    return offered(target, "close"), None, target


def is_closed(worker, step):
    target = worker.target(step["on"])
    return attribute(target, "closed"), number, target


def forget(worker, step):
    """Nothing here may keep a reference to the object, so there is no target."""
    name = step["on"]
    for mapping in (worker.objects, worker.processes):
        if name in mapping:
            return (lambda: mapping.pop(name) and None), None, None
    raise NoSuchTarget("worker %r has no %r to forget" % (worker.name, name))


def serialise(worker, step):
    target = worker.target(step["on"])

    def call():
        ForkingPickler.dumps(target)

    return call, None, target


def scope(worker, step):
    target = worker.target(step["on"])
    if not hasattr(type(target), "__enter__"):
        raise NotOffered("%s is no scope" % type(target).__name__)

    def call():
        with target as entered:
            return entered is target

    return call, number, target


CALLS = {
    "close": close,
    "is_closed": is_closed,
    "forget": forget,
    "serialise": serialise,
    "scope": scope,
}
