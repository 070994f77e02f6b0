"""Calls on process objects: of a worker, `current` or `parent`."""

import multiprocessing
from functools import partial

from .answers import OK, number, number_or_absent, text
from .calls_queue import plain
from .items import fingerprint, raw_bytes
from .targets import attribute, offered, seconds


def join(worker, step):
    target = worker.target(step["on"])
    call = offered(target, "join")
    if step.get("timeout_ms") is not None:
        call = partial(call, seconds(step["timeout_ms"]))
    return call, None, target


def reading(name, read):
    """An attribute of the process object."""

    def prepare(worker, step):
        target = worker.target(step["on"])
        return attribute(target, name), read, target

    return prepare


def assigning(name, value_of):
    """Assigns to an attribute of the process object."""

    def prepare(worker, step):
        target = worker.target(step["on"])
        attribute(target, name)
        value = value_of(step)
        return partial(setattr, target, name, value), None, target

    return prepare


def is_listed(worker, step):
    target = worker.target(step["on"])
    return (lambda: target in multiprocessing.active_children()), number, target


def representation(worker, step):
    target = worker.target(step["on"])
    return partial(repr, target), text, target


def secret(key):
    return (OK, len(key), fingerprint(bytes(key)), None, ())


def new_name(step):
    """Absent: a value that is no text."""
    return 5 if step.get("name") is None else step["name"]


def proc_state(worker, step):
    target = worker.target(step["on"])
    pid = attribute(target, "pid")
    return (lambda: state_of(pid())), text, target


def state_of(pid):
    """The state letter of a process, None if there is no such process (any more)."""
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()
    except FileNotFoundError:
        return None


CALLS = {
    "start": plain("start"),
    "join": join,
    "is_alive": plain("is_alive", number),
    "pid": reading("pid", number_or_absent),
    "exitcode": reading("exitcode", number_or_absent),
    "terminate": plain("terminate"),
    "kill": plain("kill"),
    "sentinel": reading("sentinel", number),
    "name": reading("name", text),
    "set_name": assigning("name", new_name),
    "daemon": reading("daemon", number),
    "set_daemon": assigning("daemon", lambda step: step["daemon"]),
    "is_listed": is_listed,
    "repr": representation,
    "authkey": reading("authkey", secret),
    "set_authkey": assigning("authkey", lambda step: raw_bytes(step["item"])),
    "proc_state": proc_state,
}
