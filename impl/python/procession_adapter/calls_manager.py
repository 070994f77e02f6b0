"""Calls on managers."""

import os
import signal

from . import endpoints, served
from .answers import number, number_or_absent, text
from .calls_queue import plain
from .targets import NotOffered, attribute


def manager_of(worker, step):
    target = worker.target(step["on"])
    if not isinstance(target, served.Manager):
        raise NotOffered("%s is no manager" % type(target).__name__)
    return target


def shutdown(worker, step):
    """Looked up in the call: the library gives it to a manager that has been started."""
    target = manager_of(worker, step)
    return (lambda: target.shutdown()), None, target


def kill_server(worker, step):
    target = manager_of(worker, step)

    def call():
        os.kill(target.pid, signal.SIGKILL)
        target.server_process.join()

    return call, None, target


def address(worker, step):
    """Of a manager or a listener."""
    target = worker.target(step["on"])
    read = attribute(target, "address")
    return read, lambda found: text(None if found is None else endpoints.spoken(found)), target


def directory_mode(worker, step):
    target = worker.target(step["on"])
    read = attribute(target, "address")

    def call():
        form, _, path = endpoints.spoken(read()).partition(":")
        return os.stat(os.path.dirname(path)).st_mode & 0o7777 if form == "unix" else None

    return call, number_or_absent, target


def serve(worker, step):
    """In the foreground; the library ends it by an exit request."""
    target = manager_of(worker, step)

    def call():
        server = target.get_server()
        target.note_address(server.address)
        try:
            server.serve_forever()
        except SystemExit:
            pass

    return call, None, target


def connect_manager(worker, step):
    to, name = endpoints.manager_address(step["to"], worker.ticket), step["name"]
    key = endpoints.key_options(step.get("key", "unsaid"))

    def call():
        manager = served.Manager(to, **key)
        manager.connect()
        worker.objects[name] = manager

    return call, None, None


CALLS = {
    "shutdown": shutdown,
    "kill_server": kill_server,
    "address": address,
    "directory_mode": directory_mode,
    "number_of_objects": plain("_number_of_objects", number),
    "serve": serve,
    "connect_manager": connect_manager,
}
