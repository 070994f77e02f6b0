"""Calls on any object: closing it, dropping it, serialising it, using it as a scope."""

import operator
from functools import partial
from multiprocessing.reduction import ForkingPickler

from .answers import number
from .calls_blocks import block_of
from .creation import create_object
from .targets import NoSuchTarget, NotOffered, attribute, offered


class LeavesScope(Exception):
    """Leaves a scope by an error."""


def close(worker, step):
    target = block_of(worker.target(step["on"]))
    return offered(target, "close"), None, target


def is_closed(worker, step):
    target = worker.target(step["on"])
    return attribute(target, "closed"), number, target


def forget(worker, step):
    """Nothing here may keep a reference to the object, so there is no target."""
    name = step["on"]
    for mapping in (worker.objects, worker.processes):
        if name in mapping:
            return partial(operator.delitem, mapping, name), None, None
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
    fail = step.get("fail", False)

    def call():
        entered = None
        try:
            with target as entered:
                if fail:
                    raise LeavesScope
        except LeavesScope:
            pass
        return entered is target or entered is True

    return call, number, target


def create(worker, step):
    spec = step["object"]

    def call():
        worker.objects.update(create_object(spec, worker.ticket, worker.objects))

    return call, None, None


CALLS = {
    "create": create,
    "close": close,
    "is_closed": is_closed,
    "forget": forget,
    "serialise": serialise,
    "scope": scope,
}
