"""Calls on connections, and waiting for several things at once."""

import os
from functools import partial
from multiprocessing import connection

from .answers import OK, number, received
from .calls_queue import plain
from .items import build, fingerprint, identity, raw_bytes
from .targets import NotOffered, attribute, offered, seconds

CASTS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def send(worker, step):
    target = worker.target(step["on"])
    return partial(offered(target, "send"), build(step["item"])), None, target


def send_bytes(worker, step):
    target = worker.target(step["on"])
    buffer = raw_bytes(step["item"])
    width = step.get("width") or 1
    if width != 1:
        buffer = memoryview(buffer).cast(CASTS[width])
    offset, size = step.get("offset"), step.get("size")
    call = partial(offered(target, "send_bytes"), buffer)
    if offset is not None:
        call = partial(call, offset)
    if size is not None:
        call = partial(call, size=size)
    return call, None, target


def send_non_bytes(worker, step):
    target = worker.target(step["on"])
    return partial(offered(target, "send_bytes"), "a text is no buffer"), None, target


def recv_bytes(worker, step):
    target = worker.target(step["on"])
    call = offered(target, "recv_bytes")
    if step.get("max") is not None:
        call = partial(call, step["max"])
    return call, received_bytes, target


def received_bytes(message):
    return (OK, identity(message), fingerprint(message), None, ((len(message), 0),))


def recv_bytes_into(worker, step):
    target = worker.target(step["on"])
    buffer = bytearray(b"\xee" * step["len"])
    if step.get("readonly"):
        buffer = bytes(buffer)
    call = partial(offered(target, "recv_bytes_into"), buffer, step.get("offset", 0))
    return call, lambda length: (OK, length, fingerprint(buffer), None, ()), target


def poll(worker, step):
    target = worker.target(step["on"])
    call = offered(target, "poll")
    if step.get("forever"):
        call = partial(call, None)
    elif step.get("timeout_ms") is not None:
        call = partial(call, seconds(step["timeout_ms"]))
    return call, number, target


def inheritable(worker, step):
    target = worker.target(step["on"])
    fileno = offered(target, "fileno")
    return (lambda: os.get_inheritable(fileno())), number, target


def write_raw(worker, step):
    """Around the connection, straight into its descriptor."""
    target = worker.target(step["on"])
    left = bytes.fromhex(step["hex"])
    fileno = offered(target, "fileno")

    def call():
        written = 0
        while written < len(left):
            written += os.write(fileno(), left[written:])

    return call, None, target


def send_connection(worker, step):
    target = worker.target(step["on"])
    return partial(offered(target, "send"), worker.target(step["name"])), None, target


def recv_connection(worker, step):
    target = worker.target(step["on"])
    recv, name = offered(target, "recv"), step["name"]

    def call():
        worker.objects[name] = recv()

    return call, None, target


def wrap_descriptor(worker, step):
    arguments = (step["fd"], step.get("readable", True), step.get("writable", True))
    name = step["name"]

    def call():
        worker.objects[name] = connection.Connection(*arguments)

    return call, None, None


def wait(worker, step):
    """Everything is looked up in the call: a closed connection has no descriptor to be had."""
    finders = [finder(worker, name) for name in step["objects"]]
    timeout = seconds(step.get("timeout_ms"))

    def call():
        things = [find() for find in finders]
        ready = connection.wait(things, timeout)
        return [any(found is thing for found in ready) for thing in things]

    return call, lambda ready: number(sum(1 << index for index, is_so in enumerate(ready) if is_so)), None


def finder(worker, name):
    """A function that finds what a name in a `wait` stands for."""
    if name == "nonsense":
        return lambda: "this cannot be waited on"
    if name.startswith("fd:"):
        return offered(worker.target(name[len("fd:") :]), "fileno")
    if name not in worker.objects and name.endswith(".sentinel"):
        return attribute(worker.target(name[: -len(".sentinel")]), "sentinel")
    target = worker.target(name)
    if not hasattr(type(target), "fileno"):
        raise NotOffered("%s cannot be waited on" % type(target).__name__)
    return lambda: target


def property_of(name):
    """An attribute of a connection that is yes or no."""

    def prepare(worker, step):
        target = worker.target(step["on"])
        return attribute(target, name), number, target

    return prepare


CALLS = {
    "send": send,
    "recv": plain("recv", received),
    "send_bytes": send_bytes,
    "send_non_bytes": send_non_bytes,
    "recv_bytes": recv_bytes,
    "recv_bytes_into": recv_bytes_into,
    "poll": poll,
    "fileno": plain("fileno", number),
    "inheritable": inheritable,
    "readable": property_of("readable"),
    "writable": property_of("writable"),
    "write_raw": write_raw,
    "send_connection": send_connection,
    "recv_connection": recv_connection,
    "wrap_descriptor": wrap_descriptor,
    "wait": wait,
}
