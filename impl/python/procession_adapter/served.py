"""The manager of the adapter, and the types that it registers besides those of multiprocessing."""

import os
import signal
import time
from multiprocessing import ProcessError
from multiprocessing.managers import State, SyncManager

from . import endpoints, foreign
from .history import words_of


class AskedFor(Exception):
    """An error of the adapter's own."""


class AskedForStrictly(AskedFor):
    """One that cannot be rebuilt from its `args`, of which there is one where it takes two arguments."""

    def __init__(self, said, number):
        super().__init__(said)
        self.number = number


ERRORS = {
    "value": ValueError,
    "key": KeyError,
    "index": IndexError,
    "attribute": AttributeError,
    "type": TypeError,
    "runtime": RuntimeError,
    "exit": SystemExit,
    "own": AskedFor,
    "own_strict": AskedForStrictly,
}


class Counter:
    """What `Registered::Counter` of the contract says."""

    def __init__(self, first=0):
        self.total = first

    def add(self, amount):
        self.total += amount
        return self.total

    def get(self):
        return self.total

    def fail(self, kind):
        raise ERRORS[kind]("as asked", 7)

    def unserialisable(self):
        return lambda: None

    def pause(self, ms):
        time.sleep(ms / 1000)

    def pid(self):
        return os.getpid()

    def interrupt(self):
        os.kill(os.getpid(), signal.SIGINT)

    def _secret(self):
        return 42


class Maker(Counter):
    """A counter that makes others: what `twin` returns goes to the function registered for `counter`."""

    def twin(self):
        return self.total

    def plain(self):
        return [self.total]


THE_COUNTER = []


def the_counter(first=0):
    """The one counter of this process."""
    if not THE_COUNTER:
        THE_COUNTER.append(Counter(first))
    return THE_COUNTER[0]


def fail_to_make(*arguments):
    raise ValueError("nothing is made of %r" % (arguments,))


class Manager(SyncManager):
    """A manager that knows what its server does first, and tells the run where that is."""

    # The file for the address, and the initializer with its arguments; of a client neither.
    note = None
    first = ()
    server_process = None

    def __init__(self, *arguments, ctx=None, **options):
        super().__init__(*arguments, ctx=ctx, **options)
        if foreign.COMMAND is not None:
            self._ctx = foreign.Context(self._ctx)

    def get_server(self):
        if foreign.COMMAND is None:
            return super().get_server()
        if self._state.value != State.INITIAL:
            raise ProcessError("the manager has been started")
        server = foreign.Program(self._address, self._authkey)
        server.start()
        return server

    def start(self, *first):
        super().start(*(first or self.first))
        self.server_process = self._process
        self.note_address(self.address)

    def note_address(self, address):
        if self.note is not None:
            endpoints.note(self.note, address)

    @property
    def pid(self):
        return self.server_process.pid

    @property
    def exitcode(self):
        return self.server_process.exitcode

    def is_alive(self):
        return self.server_process.is_alive()


Manager.register("counter", Counter)
Manager.register("shared_counter", the_counter)
Manager.register("reserved", Counter, exposed=("get", "_secret"))
Manager.register("maker", Maker, method_to_typeid={"twin": "counter"})
Manager.register("stored")
Manager.register("result_only", Counter, create_method=False)
Manager.register("failing", fail_to_make)


def count(directory, word):
    """An initializer: adds 1 to a word of the run."""
    words_of(directory).add(word, 1)


def refuse():
    """An initializer that raises an error."""
    raise ValueError("the initializer refuses")
