"""A worker: connects to the suite, is armed, does its steps, and ends as its last step says."""

import json
import multiprocessing
import os
import socket
import sys
import threading
import time
import traceback

from . import answers, calls, creation, history, launch, outcomes
from .lines import Lines
from .targets import Interruption, NoSuchTarget, NotOffered

# The workers of this process: one, and one more for each worker that is a thread of it. They are
# kept to its end, as a program's objects are that live at the top of its main module.
WORKERS = []


class Ending(BaseException):
    """Ends a worker's body; no error of an implementation, so nothing catches it but the body."""

    def __init__(self, how, value=None):
        super().__init__(how, value)
        self.how = how
        self.value = value


class Uncaught(Exception):
    """What a `raise` step raises."""


class Worker:
    """What a worker has: its objects and processes by name, its connection, its history."""

    def __init__(self, ticket, objects, processes):
        self.ticket = ticket
        self.name = ticket["worker"]
        self.objects = objects
        self.processes = processes
        self.pid = os.getpid()
        self.lines = None
        self.history = None
        self.steps = []
        WORKERS.append(self)

    def target(self, name):
        """The object, end or process of this name."""
        if name in self.objects:
            return self.objects[name]
        if name in self.processes:
            return self.processes[name]
        if name == "current":
            return multiprocessing.current_process()
        if name == "parent":
            return multiprocessing.parent_process()
        raise NoSuchTarget("worker %r has no %r" % (self.name, name))

    def shared_words(self):
        return history.words_of(self.ticket["directory"])

    def expect(self, kind):
        """The suite's next message. Without a suite there is nothing left to do, or to clean up."""
        message = self.lines.read()
        if message is None:
            os._exit(70)
        if message["t"] != kind:
            raise ValueError("the suite sent %r, expected %r" % (message["t"], kind))
        return message

    def work(self):
        """Connects, waits to be armed and for the agreed time, and does the steps."""
        self.lines = Lines(self.ticket["socket"])
        greeting = {"t": "worker", "run": self.ticket["run"], "name": self.name}
        self.lines.say(dict(greeting, tid=threading.get_native_id()))
        arm = self.expect("arm")
        self.history = history.History(arm["history"])
        self.steps = arm["steps"]
        wait_until(arm["at_ns"])
        try:
            for index, step in enumerate(self.steps):
                self.do(index, step)
        except Ending as ending:
            if ending.how == "immediate":
                os._exit(ending.value)
            return self.finish(ending)
        return self.finish(Ending("returned", 0))

    def do(self, index, step):
        """One step: gate, call record, call, return record, text."""
        record = self.history.record
        if step.get("gate"):
            self.lines.say({"t": "at", "step": index})
            self.expect("go")
        now = time.monotonic_ns
        try:
            call, read, target = calls.prepare(self, step)
        except (NoSuchTarget, NotOffered) as error:
            # Answered like any call, so that the history shows it.
            number = answers.OTHER if isinstance(error, NoSuchTarget) else answers.UNSUPPORTED
            read, target = None, None
            call, read = (lambda: None), (lambda result, said=str(error): answers.outcome(number, said))
        record(now(), 0, 0, index, history.CALL, 0)
        try:
            result = call()
            t_ns = now()
        except (Exception, Interruption) as error:
            t_ns = now()
            answer = outcomes.answer_to(error, step["do"], target)
        else:
            answer = answers.DONE if read is None else read(result)
        number, value, aux, text, items = answer
        for item_value, item_aux in items:
            record(t_ns, item_value, item_aux, index, history.ITEM, number)
        record(t_ns, value, aux, index, history.RETURN, number)
        if text is not None:
            self.lines.say({"t": "text", "step": index, "text": text})

    def finish(self, ending):
        self.lines.say({"t": "done"})
        self.lines.close()
        return ending


def wait_until(at_ns):
    """Sleeps until shortly before, then watches the clock, so that all workers begin together."""
    while True:
        left = at_ns - time.monotonic_ns()
        if left <= 0:
            return
        if left > 300_000:
            time.sleep((left - 200_000) / 1e9)


def body(ticket, objects, inherited=None, unserialisable=None):
    """The target of every worker but the main one, in its own process or thread."""
    disown(objects)
    # A thread shares its parent's processes; a forked child has its own copy of them.
    processes = {} if inherited is None else inherited
    return end(serve(ticket, lambda: Worker(ticket, objects, processes)))


def main(ticket):
    """The main worker, at the bottom of a program's main module."""
    redirect(ticket["directory"])
    return end(serve(ticket, lambda: Worker(ticket, creation.create(ticket), {})))


def serve(ticket, make):
    """Makes a worker, launches its children and does its work; returns how its body is to end."""
    fault = "implementation"
    try:
        worker = make()
        launch.launch(worker)
        fault = "adapter"
        return worker.work()
    except Exception as error:
        if isinstance(error, creation.Unsupported):
            fault = "unsupported"
        report(ticket, fault, traceback.format_exc())
        os._exit(70)


def report(ticket, what, detail):
    """Tells the control process, which tells the suite, why the run cannot go on."""
    message = json.dumps({"run": ticket["run"], "what": what, "detail": detail[-8000:]})
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reports:
            reports.sendto(message.encode(), ticket["errors"])
    except OSError as error:
        sys.stderr.write("%s\n(and it could not be reported: %s)\n" % (detail, error))
        sys.stderr.flush()


def end(ending):
    """Ends the body in the manner that its last step asked for."""
    if ending.how == "raise":
        raise Uncaught("a step of the script raises this")
    if ending.how == "exit":
        sys.exit(ending.value)
    return ending.value


def redirect(directory):
    """Standard streams of the main worker: the null device, and files in the run's directory."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    sources = [os.open(os.devnull, os.O_RDONLY)]
    sources += [os.open(os.path.join(directory, name), flags, 0o644) for name in ("stdout", "stderr")]
    for number, source in enumerate(sources):
        os.dup2(source, number)
        if source != number:
            os.close(source)
    # The old objects were made for what the descriptors were before, a terminal perhaps.
    sys.stdin = sys.__stdin__ = open(0, "r", closefd=False)
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


def disown(objects):
    """In a forked child: its own dictionary holds the references to what it was handed.

    What it was not handed stays open, as it does in every forked child of a program.
    """
    for parent in WORKERS:
        if parent.pid != os.getpid():
            for name in objects:
                parent.objects.pop(name, None)


def after_fork():
    """A forked child has no part in its parent's conversations and histories."""
    for worker in WORKERS:
        if worker.lines is not None:
            worker.lines.close()
            worker.lines = None
        if worker.history is not None:
            worker.history.close()
            worker.history = None


os.register_at_fork(after_in_child=after_fork)
