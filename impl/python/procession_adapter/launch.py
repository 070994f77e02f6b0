"""Before a worker's first step: its children are constructed and started."""

import multiprocessing
import threading
from multiprocessing.connection import Listener

from .served import Manager


def given(objects, gets, method):
    """What a child is handed: a dictionary of its own, for it alone holds the references then."""
    if gets is None:
        return {name: thing for name, thing in objects.items() if method == "fork" or can_travel(thing)}
    handed = {}
    for name in gets:
        ends = [end for end in objects if end == name or end.rpartition(".")[0] == name]
        if not ends:
            raise KeyError("the parent has no object %r to hand over" % name)
        handed.update((end, objects[end]) for end in ends)
    return handed


def can_travel(thing):
    """Whether it can be handed to a process that is no copy of this one."""
    return not isinstance(thing, (Listener, Manager))


class Subclassed:
    """The body of a worker as an overridden `run`; its channels are fields of the process object."""

    def __init__(self, *arguments, **options):
        super().__init__(**options)
        self.arguments = arguments

    def run(self):
        from .worker import body

        return body(*self.arguments)


class SubclassedFork(Subclassed, multiprocessing.get_context("fork").Process):
    pass


class SubclassedSpawn(Subclassed, multiprocessing.get_context("spawn").Process):
    pass


class SubclassedForkserver(Subclassed, multiprocessing.get_context("forkserver").Process):
    pass


SUBCLASSED = {"fork": SubclassedFork, "spawn": SubclassedSpawn, "forkserver": SubclassedForkserver}


class NotConstructed:
    """Stands for a process whose construction failed: `start` reports the error."""

    def __init__(self, error):
        self.error = error

    def start(self):
        raise self.error


def construct(worker, spec):
    """The process object (or thread) of a child of `worker`, not started."""
    from .worker import body

    ticket = dict(worker.ticket, worker=spec["name"])
    kind = spec.get("kind", "process")
    if kind != "process":
        objects = worker.objects if spec.get("gets") is None else given(worker.objects, spec["gets"], "fork")
        arguments = (ticket, objects, worker.processes)
        return threading.Thread(target=body, args=arguments, daemon=kind == "daemon_thread")

    method = spec.get("method") or ticket["script"]["method"]
    options = {}
    if spec.get("process_name") is not None:
        options["name"] = spec["process_name"]
    if spec.get("daemon") is not None:
        options["daemon"] = spec["daemon"]
    make = multiprocessing.get_context(method).Process
    if spec.get("bodiless"):
        return make(**options)
    # Only a forked child can inherit process objects; they cannot be serialised once started.
    inherited = worker.processes if method == "fork" else None
    arguments = (ticket, given(worker.objects, spec.get("gets"), method), inherited)
    if spec.get("unserialisable_argument"):
        arguments += (lambda: None,)
    if spec.get("subclass"):
        return SUBCLASSED[method](*arguments, **options)
    return make(target=body, args=arguments, **options)


def launch(worker):
    """Constructs the children of `worker`, then starts those that are not explicit."""
    children = [
        spec for spec in worker.ticket["script"]["workers"] if spec.get("parent") == worker.name
    ]
    for spec in children:
        try:
            worker.processes[spec["name"]] = construct(worker, spec)
        except Exception as error:
            if not spec.get("explicit"):
                raise
            worker.processes[spec["name"]] = NotConstructed(error)
    for spec in children:
        if not spec.get("explicit"):
            worker.processes[spec["name"]].start()
