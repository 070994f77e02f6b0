"""Calls on listeners, and connecting to them; descriptors and bytes beside a connection's messages."""

import os
from functools import partial
from multiprocessing import connection, reduction

from . import endpoints
from .answers import ABSENT, OK, number, outcome, text
from .targets import attribute, offered


def accept(worker, step):
    target, name = worker.target(step["on"]), step["name"]
    take = offered(target, "accept")

    def call():
        worker.objects[name] = take()

    return call, None, target


def last_accepted(worker, step):
    target = worker.target(step["on"])
    return attribute(target, "last_accepted"), origin, target


def origin(address):
    """What sort of an address it is; the empty one of a client that has none."""
    if address is None:
        return outcome(ABSENT)
    return text(endpoints.spoken(address).partition(":")[0] if address else "")


def connect(worker, step):
    options = endpoints.options(step["to"], worker.ticket)
    options.update(endpoints.key_options(step.get("key", "unsaid")))
    name = step["name"]

    def call():
        worker.objects[name] = connection.Client(**options)

    return call, None, None


def read_raw(worker, step):
    """Around the connection, straight from its descriptor."""
    target, most = worker.target(step["on"]), step["max"]
    fileno = offered(target, "fileno")

    def call():
        data = b""
        while len(data) < most:
            chunk = os.read(fileno(), most - len(data))
            if not chunk:
                break
            data += chunk
        return data

    return call, lambda data: (OK, len(data), 0, data.hex(), ()), target


def send_descriptor(worker, step):
    target, of = worker.target(step["on"]), step["of"]
    if of.startswith("fd:") and of[len("fd:") :].isdigit():
        fileno = partial(int, of[len("fd:") :])
    else:
        fileno = offered(worker.target(of[len("fd:") :] if of.startswith("fd:") else of), "fileno")
    offered(target, "send")
    # The receiver's pid matters on Windows only.
    return (lambda: reduction.send_handle(target, fileno(), None)), None, target


def recv_descriptor(worker, step):
    target, name = worker.target(step["on"]), step["name"]
    offered(target, "recv")

    def call():
        fd = reduction.recv_handle(target)
        worker.objects[name] = connection.Connection(fd)
        return fd

    return call, number, target


CALLS = {
    "accept": accept,
    "last_accepted": last_accepted,
    "connect": connect,
    "read_raw": read_raw,
    "send_descriptor": send_descriptor,
    "recv_descriptor": recv_descriptor,
}
