"""Calls on the worker itself: the operating system and the language, nothing of multiprocessing."""

import atexit
import fcntl
import os
import signal
import sys
import threading
import time
from functools import partial

from .answers import DONE, TIMEOUT, number, outcome
from .items import build
from .targets import Interruption, seconds


class Process:
    """What the workers of one process share; a forked child begins with a copy of it."""

    variable = 0
    mutex = threading.Lock()
    signals = 0


def count(signal_number, frame):
    Process.signals += 1


def interrupt(signal_number, frame):
    raise Interruption("signal %d" % signal_number)


def sleep(worker, step):
    return partial(time.sleep, seconds(step["ms"])), None, None


def exit(worker, step):
    from .worker import Ending

    status = step["status"]
    kind, value = (status, None) if isinstance(status, str) else next(iter(status.items()))
    how = {"returned": "returned", "immediate": "immediate"}.get(kind, "exit")
    return partial(throw, Ending(how, value)), None, None


def throw(error):
    raise error


def raise_uncaught(worker, step):
    from .worker import Ending

    return partial(throw, Ending("raise")), None, None


def signal_self(worker, step):
    return partial(os.kill, os.getpid(), step["signal"]), None, None


def on_signal(worker, step):
    actions = {"ignore": signal.SIG_IGN, "default": signal.SIG_DFL, "raise": interrupt, "count": count}
    action = actions[step["action"]]
    return partial(signal.signal, step["signal"], action), None, None


def signals_counted(worker, step):
    return (lambda: Process.signals), number, None


def getpid(worker, step):
    return os.getpid, number, None


def getppid(worker, step):
    return os.getppid, number, None


def print_line(worker, step):
    return partial(print, step["text"]), None, None


def close_stdout(worker, step):
    return sys.stdout.close, None, None


def read_stdin(worker, step):
    return (lambda: len(sys.stdin.buffer.read())), number, None


def count_descriptors(worker, step):
    # Less the one through which the directory is listed.
    return (lambda: len(os.listdir("/proc/self/fd")) - 1), number, None


def open_descriptor(worker, step):
    fd, inheritable = step["fd"], step.get("inheritable", False)

    def call():
        opened = os.open(os.devnull, os.O_RDWR)
        if opened == fd:
            os.set_inheritable(fd, inheritable)
            return
        try:
            os.dup2(opened, fd, inheritable)
        finally:
            os.close(opened)

    return call, None, None


def descriptor_open(worker, step):
    def call():
        try:
            fcntl.fcntl(step["fd"], fcntl.F_GETFD)
        except OSError:
            return False
        return True

    return call, number, None


def global_write(worker, step):
    return partial(setattr, Process, "variable", step["value"]), None, None


def global_read(worker, step):
    return (lambda: Process.variable), number, None


def mutex_lock(worker, step):
    timeout = seconds(step.get("timeout_ms"))
    # A lock's timeout is -1 for none; another negative one, which it refuses, has run out already.
    call = partial(Process.mutex.acquire, True, -1 if timeout is None else max(timeout, 0))
    return call, lambda taken: DONE if taken else outcome(TIMEOUT), None


def mutex_unlock(worker, step):
    return Process.mutex.release, None, None


def at_exit_send(worker, step):
    send, item = worker.target(step["connection"]).send, build(step["item"])
    return partial(atexit.register, send, item), None, None


def burn(worker, step):
    duration_ns = step["ms"] * 1000000

    def call():
        rounds, until = 0, time.monotonic_ns() + duration_ns
        while time.monotonic_ns() < until:
            rounds += 1
        return rounds

    return call, number, None


def word_swap(worker, step):
    return partial(worker.shared_words().swap, step["index"], step["value"]), number, None


def word_add(worker, step):
    return partial(worker.shared_words().add, step["index"], step["amount"]), number, None


def word_read(worker, step):
    return partial(worker.shared_words().read, step["index"]), number, None


CALLS = {
    "sleep": sleep,
    "exit": exit,
    "raise": raise_uncaught,
    "signal_self": signal_self,
    "on_signal": on_signal,
    "signals_counted": signals_counted,
    "getpid": getpid,
    "getppid": getppid,
    "print": print_line,
    "close_stdout": close_stdout,
    "read_stdin": read_stdin,
    "count_descriptors": count_descriptors,
    "open_descriptor": open_descriptor,
    "descriptor_open": descriptor_open,
    "global_write": global_write,
    "global_read": global_read,
    "mutex_lock": mutex_lock,
    "mutex_unlock": mutex_unlock,
    "at_exit_send": at_exit_send,
    "burn": burn,
    "word_swap": word_swap,
    "word_add": word_add,
    "word_read": word_read,
}
