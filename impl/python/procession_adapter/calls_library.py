"""Calls on multiprocessing as a whole: start methods, contexts, children, the fork server."""

import multiprocessing
import os
import signal
from functools import partial
from multiprocessing import forkserver

from .answers import OK, number, number_or_absent, text
from .targets import attribute


def active_children(worker, step):
    return (lambda: len(multiprocessing.active_children())), number, None


def start_methods(worker, step):
    return (lambda: ",".join(multiprocessing.get_all_start_methods())), text, None


def start_method(worker, step):
    if step.get("on"):
        target = worker.target(step["on"])
        return attribute(target, "_start_method"), text, target
    return partial(multiprocessing.get_start_method, step.get("allow_none", False)), text, None


def set_start_method(worker, step):
    call = partial(multiprocessing.set_start_method, step.get("method"), step.get("force", False))
    return call, None, None


def context(worker, step):
    def call():
        found = multiprocessing.get_context(step["method"])
        return found.get_start_method(), found.get_context() is found

    return call, lambda result: (OK, int(result[1]), 0, result[0], ()), None


def set_context_method(worker, step):
    def call():
        multiprocessing.get_context(step["method"]).set_start_method(step["to"])

    return call, None, None


def cpu_count(worker, step):
    return multiprocessing.cpu_count, number, None


def kill_forkserver(worker, step):
    """Waits until it is a zombie: only then does the library notice that it is gone."""

    def call():
        pid = forkserver._forkserver._forkserver_pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return pid

    return call, number_or_absent, None


CALLS = {
    "active_children": active_children,
    "start_methods": start_methods,
    "start_method": start_method,
    "set_start_method": set_start_method,
    "context": context,
    "set_context_method": set_context_method,
    "cpu_count": cpu_count,
    "kill_forkserver": kill_forkserver,
}
