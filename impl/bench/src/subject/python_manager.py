"""Measures managers of CPython's multiprocessing, or pickles, and prints one line: value, ready or failed.

`serve NAME` serves at an abstract name until somebody asks for the shutdown. `rate CALL CLIENTS NAME SECONDS`,
`timed WHAT 1 NAME SECONDS` call the server there, which may be another one. `pickle HOW WHAT SECONDS` calls none.
"""

import ctypes
import mmap
import multiprocessing
import os
import pickle
import signal
import statistics
import struct
import sys
import time
from multiprocessing.managers import SyncManager

KEY = b"bench"
KEPT = 7
LARGE = b"Z" * (64 * 1024)
MANY = 20_000
PAUSE = 0.001
# Behind the words in which clients count.
STOP = 128


def follow(role, *arguments):
    """Plays a role that dies with this process."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    role(*arguments)


def serve(name):
    server = SyncManager(address="\0" + name, authkey=KEY).get_server()
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


def connected(name):
    multiprocessing.current_process().authkey = KEY
    manager = SyncManager(address="\0" + name, authkey=KEY)
    manager.connect()
    return manager


def kept(found, expected):
    if found != expected:
        raise ValueError(f"{expected!r:.20} was kept, and {found!r:.20} came back")


def item(manager):
    it = manager.list([KEPT])
    return lambda: kept(it[0], KEPT), 1


def entry(manager):
    it = manager.dict({"k": KEPT})

    def call():
        it["k"] = KEPT

    return call, 1


def put_get_of(value):
    def prepare(manager):
        it = manager.Queue()

        def call():
            it.put(value)
            kept(it.get(), value)

        return call, 2

    return prepare


def whole(manager):
    it = manager.list(list(range(MANY)))
    return lambda: kept(len(it._getvalue()), MANY), 1


CALLS = {
    "item": item,
    "entry": entry,
    "put-get": put_get_of(KEPT),
    "large-put-get": put_get_of(LARGE),
}


def play(call, requests, shared, number):
    count = 0
    while not shared[STOP]:
        call()
        count += requests
        struct.pack_into("<Q", shared, 8 * number, count)


def rate(what, clients, name, seconds):
    """Calls per second of so many clients, within a window."""
    call, requests = CALLS[what](connected(name))
    shared = mmap.mmap(-1, 4096)
    fork = multiprocessing.get_context("fork")
    roles = [fork.Process(target=follow, args=(play, call, requests, shared, n)) for n in range(clients)]
    for role in roles:
        role.start()

    def counts():
        return struct.unpack_from(f"<{clients}Q", shared)

    while 0 in counts() and all(role.exitcode is None for role in roles):
        time.sleep(0.001)
    time.sleep(seconds / 4)
    before, began = sum(counts()), time.perf_counter()
    time.sleep(seconds)
    after, ended = sum(counts()), time.perf_counter()
    shared[STOP] = 1
    for role in roles:
        role.join()
    if any(role.exitcode for role in roles):
        raise RuntimeError("a client failed")
    return (after - before) / (ended - began)


def timed(what, _, name, seconds):
    """The median time in nanoseconds."""
    manager = connected(name)
    if what == "proxy":
        # The proxy is dropped at once.
        call = lambda: manager.list()
    elif what == "whole":
        call, _ = whole(manager)
    else:
        call, _ = item(manager)
    samples = []
    began = time.perf_counter()
    while not samples or time.perf_counter() - began < 1.25 * seconds:
        if what == "call-after-pause":
            time.sleep(PAUSE)
        before = time.perf_counter_ns()
        call()
        took = time.perf_counter_ns() - before
        if not samples or time.perf_counter() - began > 0.25 * seconds:
            samples.append(took)
    return statistics.median(samples)


PICKLED = {
    "int": KEPT,
    "request": ("7f2a1c0b4d60", "__setitem__", ("k", KEPT), {}),
    "ints": list(range(MANY)),
    "dict": {f"key {number}": f"text number {number}" for number in range(1000)},
    "bytes": LARGE,
}


def pickled(how, what, seconds):
    """Nanoseconds to write a pickle, or to read one."""
    value = PICKLED[what]
    if how == "dumps":
        argument, function = value, pickle.dumps
    else:
        argument, function = pickle.dumps(value), pickle.loads
    batch = 16
    turns, began = 0, time.perf_counter()
    while turns == 0 or time.perf_counter() - began < seconds:
        for _ in range(batch):
            function(argument)
        turns += batch
    return 1e9 * (time.perf_counter() - began) / turns


def measure(word, arguments):
    if word == "pickle":
        how, what, seconds = arguments
        return pickled(how, what, float(seconds))
    what, clients, name, seconds = arguments
    return {"rate": rate, "timed": timed}[word](what, int(clients), name, float(seconds))


def main():
    word, *arguments = sys.argv[1:]
    try:
        if word == "serve":
            return serve(*arguments)
        print("value", measure(word, arguments), flush=True)
    except Exception as error:
        print("failed", repr(error), flush=True)


if __name__ == "__main__":
    main()
