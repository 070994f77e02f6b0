"""The objects of a script, and how each kind is made."""

import multiprocessing
import os
from multiprocessing import reduction

from . import creation_manager, creation_values
from .barrier_action import BarrierAction
from .targets import NoSuchTarget, seconds


class Unsupported(Exception):
    """The script asks for something that the manifest does not offer."""


class OsEnd:
    """One end of an OS pipe: a descriptor that can be handed to a process of any start method."""

    def __init__(self, fd):
        self.fd = fd

    def fileno(self):
        if self.fd is None:
            raise OSError("handle is closed")
        return self.fd

    def close(self):
        fd, self.fd = self.fileno(), None
        os.close(fd)

    def __getstate__(self):
        return reduction.DupFd(self.fileno())

    def __setstate__(self, duplicate):
        self.fd = duplicate.detach()


def create(ticket):
    """The objects of a run's script, by their names and the names of their ends."""
    objects = {}
    for spec in ticket["script"]["objects"]:
        objects.update(create_object(spec, ticket, objects))
    return objects


def create_object(spec, ticket, existing):
    """One object, by its name or by those of its ends, where it may use those that exist already."""
    name, kind = spec["name"], spec["kind"]
    context = multiprocessing.get_context(spec.get("method") or ticket["script"]["method"])
    if kind in ("pipe", "stream_pipe"):
        # Every pipe of multiprocessing is a stream.
        ends = context.Pipe(spec.get("duplex", True))
        return {name + ".0": ends[0], name + ".1": ends[1]}
    if kind == "os_pipe":
        reader, writer = os.pipe()
        return {name + ".r": OsEnd(reader), name + ".w": OsEnd(writer)}
    if kind == "managed" and spec["of"]["kind"] in creation_manager.MANAGED:
        return {name: creation_manager.make_managed(context, spec, ticket, existing)}
    if kind not in MAKERS:
        raise Unsupported("objects of the kind %r are not offered" % kind)
    return {name: MAKERS[kind](context, spec, ticket, existing)}


def make_queue(context, spec, ticket, existing):
    return context.Queue(spec.get("maxsize", 0))


def make_simple_queue(context, spec, ticket, existing):
    return context.SimpleQueue()


def make_joinable_queue(context, spec, ticket, existing):
    return context.JoinableQueue(spec.get("maxsize", 0))


def make_lock(context, spec, ticket, existing):
    return context.Lock()


def make_rlock(context, spec, ticket, existing):
    return context.RLock()


def make_semaphore(context, spec, ticket, existing):
    return context.Semaphore() if spec.get("value") is None else context.Semaphore(spec["value"])


def make_bounded_semaphore(context, spec, ticket, existing):
    make = context.BoundedSemaphore
    return make() if spec.get("value") is None else make(spec["value"])


def make_condition(context, spec, ticket, existing):
    name = spec.get("lock")
    if name is None:
        return context.Condition()
    if name not in existing:
        raise NoSuchTarget("there is no %r to be the lock of %r" % (name, spec["name"]))
    return context.Condition(existing[name])


def make_event(context, spec, ticket, existing):
    return context.Event()


def make_barrier(context, spec, ticket, existing):
    options = {}
    if spec.get("timeout_ms") is not None:
        options["timeout"] = seconds(spec["timeout_ms"])
    if spec.get("action") is not None:
        action = spec["action"]
        then = action.get("then", "returns")
        options["action"] = BarrierAction(ticket["directory"], action["word"], then)
    return context.Barrier(spec["parties"], **options)


MAKERS = {
    **creation_values.MAKERS,
    **creation_manager.MAKERS,
    "queue": make_queue,
    "simple_queue": make_simple_queue,
    "joinable_queue": make_joinable_queue,
    "lock": make_lock,
    "rlock": make_rlock,
    "semaphore": make_semaphore,
    "bounded_semaphore": make_bounded_semaphore,
    "condition": make_condition,
    "event": make_event,
    "barrier": make_barrier,
}
