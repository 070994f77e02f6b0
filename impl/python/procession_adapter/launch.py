"""Before a worker's first step: its run's objects are created, its children constructed and started."""

import multiprocessing
import os
import threading
from multiprocessing import reduction


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


def create(script):
    """The objects of a script, by their names and the names of their ends."""
    objects = {}
    for spec in script["objects"]:
        name, kind = spec["name"], spec["kind"]
        context = multiprocessing.get_context(spec.get("method") or script["method"])
        if kind == "queue":
            objects[name] = context.Queue(spec.get("maxsize", 0))
        elif kind == "simple_queue":
            objects[name] = context.SimpleQueue()
        elif kind == "joinable_queue":
            objects[name] = context.JoinableQueue(spec.get("maxsize", 0))
        elif kind in ("pipe", "stream_pipe"):
            # Every pipe of multiprocessing is a stream.
            ends = context.Pipe(spec.get("duplex", True))
            objects[name + ".0"], objects[name + ".1"] = ends
        elif kind == "os_pipe":
            reader, writer = os.pipe()
            objects[name + ".r"], objects[name + ".w"] = OsEnd(reader), OsEnd(writer)
        else:
            raise Unsupported("objects of the kind %r are not offered" % kind)
    return objects


def given(objects, gets):
    """What a child is handed: a dictionary of its own, for it alone holds the references then."""
    if gets is None:
        return dict(objects)
    handed = {}
    for name in gets:
        ends = [end for end in objects if end == name or end.rpartition(".")[0] == name]
        if not ends:
            raise KeyError("the parent has no object %r to hand over" % name)
        handed.update((end, objects[end]) for end in ends)
    return handed


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
        objects = worker.objects if spec.get("gets") is None else given(worker.objects, spec["gets"])
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
    arguments = (ticket, given(worker.objects, spec.get("gets")), inherited)
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
