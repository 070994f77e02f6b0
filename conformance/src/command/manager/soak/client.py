"""A client that `procession manager soak` kills: it calls at random, and tells each call before and after it.

It uses what `multiprocessing.managers` has, and nothing else, but for the additions in one step, and for what it does
before it takes an item: it tells which it is as soon as that lies in its socket, so that who has told nothing has read
nothing.
"""

import io
import os
import pickle
import queue
import random
import socket
import sys
import threading
from multiprocessing import current_process, managers
from multiprocessing.managers import SyncManager

ADDRESS, NUMBER, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
REFUSED = (queue.Empty, queue.Full, IndexError, threading.BrokenBarrierError)

PROXIES = {
    "jobs": managers.BaseProxy,
    "work": managers.BaseProxy,
    "log": managers.ListProxy,
    "counts": managers.NamespaceProxy,
    "prices": managers.DictProxy,
    "total": managers.ValueProxy,
    "cells": managers.ArrayProxy,
    "door": managers.AcquirerProxy,
    "inner": managers.AcquirerProxy,
    "permit": managers.AcquirerProxy,
    "bounded": managers.AcquirerProxy,
    "bell": managers.ConditionProxy,
    "flag": managers.EventProxy,
    "meet": managers.BarrierProxy,
}
LOCKS = ["door", "inner", "permit", "bounded", "bell"]


class Nothing:
    """What stands in the place of a proxy or an error."""

    def __new__(cls, *arguments, **named):
        return super().__new__(cls)

    def __setstate__(self, state):
        pass


class Look(pickle.Unpickler):
    """What a reply says, without the proxies in it."""

    def find_class(self, module, name):
        return Nothing


class Client:
    def __init__(self):
        key = os.environb[b"PROCESSION_AUTHKEY"]
        current_process().authkey = key
        for name, proxy in PROXIES.items():
            SyncManager.register(name, proxytype=proxy)
        self.manager = SyncManager(address=ADDRESS, authkey=key)
        self.manager.connect()
        self.shared = {name: getattr(self.manager, name)() for name in PROXIES}
        self.chance = random.Random(SEED)
        self.items = 0

    def call(self, said, name, method, *arguments):
        """Calls a method of a shared object, and tells of it; None where it is refused."""
        tell("> %s %s" % (said, name))
        try:
            given = self.shared[name]._callmethod(method, arguments)
        except REFUSED:
            tell("< -")
            return None
        tell("< %s" % (given[0] if said == "get" else ""))
        return given

    def put(self, name):
        self.items += 1
        number = NUMBER << 32 | self.items
        item = [number, self.manager.list([number]) if self.chance.random() < 0.2 else None]
        method, limit = ("append", ()) if name == "log" else ("put", (True, 0.02))
        self.call("put %d" % number, name, method, item, *limit)

    def get(self, name):
        if name == "log":
            self.call("get", name, "pop", 0)
        elif self.take(name) and name == "work":
            self.call("done", name, "task_done")

    def take(self, name):
        """`get` of a queue: what `_callmethod` does, with a look in between."""
        proxy = self.shared[name]
        if not hasattr(proxy._tls, "connection"):
            proxy._connect()
        connection = proxy._tls.connection
        tell("> get " + name)
        connection.send((proxy._id, "get", (True, 0.02), {}))
        with socket.socket(fileno=os.dup(connection.fileno())) as end:
            reply = end.recv(1 << 16, socket.MSG_PEEK)
            while len(reply) < 4 or len(reply) < 4 + int.from_bytes(reply[:4], "big"):
                reply = end.recv(1 << 16, socket.MSG_PEEK)
        kind, seen = Look(io.BytesIO(reply[4:])).load()
        if kind == "#RETURN":
            tell("~ %s" % seen[0])
        kind, result = connection.recv()
        if kind == "#RETURN":
            tell("< %s" % result[0])
            return result
        if kind != "#ERROR" or not isinstance(result, REFUSED):
            raise RuntimeError("%s %s" % (kind, result))
        tell("< -")
        return None

    def add(self):
        name, place = self.chance.choice(
            [("counts", ("n",)), ("prices", ("n",)), ("total", ()), ("cells", (len(LOCKS),))]
        )
        self.call("add", name, "fetch_add", *place, 1)

    def hold(self):
        """What the lock protects is read and written: whoever else was there would be seen."""
        name = self.chance.choice(LOCKS)
        self.call("acquire", name, "acquire")
        if name == "inner":
            self.call("acquire", name, "acquire")
            self.call("release", name, "release")
        if name == "bell":
            self.call("wait", name, "wait", 0.01)
        cells, place = self.shared["cells"], LOCKS.index(name)
        tell("> bump " + name)
        cells[place] = cells[place] + 1
        tell("< ")
        if name == "bell":
            self.call("notify", name, "notify")
        self.call("release", name, "release")

    def meet(self):
        if self.call("wait", "meet", "wait", 0.02) is None:
            self.call("reset", "meet", "reset")

    def flag(self):
        method = self.chance.choice(["set", "clear", "wait"])
        self.call(method, "flag", method, *[0.01] if method == "wait" else [])

    def walk(self):
        """A dictionary's iterator stays in the server as long as it is walked."""
        tell("> walk prices")
        for _ in self.shared["prices"]:
            pass
        tell("< ")

    def create(self):
        manager = self.manager
        makes = {
            "list": lambda: manager.list([manager.dict(a=1), manager.list()]),
            "dict": lambda: manager.dict(inner=manager.Queue()),
            "Namespace": lambda: manager.Namespace(x=manager.Lock()),
            "Value": lambda: manager.Value("i", 1),
            "Array": lambda: manager.Array("d", [1.5] * 100),
            "Queue": lambda: manager.Queue(3),
            "JoinableQueue": manager.JoinableQueue,
            "Lock": manager.Lock,
            "RLock": manager.RLock,
            "Semaphore": lambda: manager.Semaphore(2),
            "BoundedSemaphore": manager.BoundedSemaphore,
            "Condition": lambda: manager.Condition(manager.Lock()),
            "Event": manager.Event,
            "Barrier": lambda: manager.Barrier(2),
        }
        name = self.chance.choice(sorted(makes))
        tell("> create " + name)
        made = makes[name]()
        tell("< ")
        if hasattr(made, "acquire"):
            tell("> use " + name)
            made.acquire()
            tell("< ")
        tell("> drop " + name)
        del made
        tell("< ")

    def go_on(self):
        tell("ready")
        name = lambda: self.chance.choice(["jobs", "work", "log"])
        ways = [lambda: self.put(name()), lambda: self.get(name()), self.add, self.hold]
        ways += [self.meet, self.flag, self.walk, self.create]
        weights = [4, 4, 3, 6, 1, 1, 1, 3]
        while True:
            self.chance.choices(ways, weights)[0]()


def tell(line):
    os.write(1, (line + "\n").encode())


try:
    Client().go_on()
except BrokenPipeError:
    pass
except Exception as error:
    tell("! %s: %s" % (type(error).__name__, str(error).replace("\n", " | ")))
