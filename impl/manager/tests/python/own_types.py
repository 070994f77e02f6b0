"""A client of a server with the types of `server/counter.rs`: its address and key are the arguments."""

import gc
import os
import signal
import subprocess
import sys
import threading
from multiprocessing import current_process
from multiprocessing.managers import BaseManager, RemoteError


class AskedFor(Exception):
    """An error that only this program and the server know."""


class Manager(BaseManager):
    """Knows the types of the server by name."""


for name in ("counter", "shared_counter", "reserved", "kept", "failing", "unknown", "result_only",
             "stored"):
    Manager.register(name)
Manager.register("maker", method_to_typeid={"twin": "counter"})


def place():
    family, _, rest = sys.argv[1].partition(":")
    if family == "tcp":
        host, _, port = rest.rpartition(":")
        return host, int(port)
    return "\0" + rest if family == "abstract" else rest


def connected():
    path, key = place(), bytes.fromhex(sys.argv[2])
    current_process().authkey = key
    manager = Manager(address=path, authkey=key)
    manager.connect()
    return manager


def raised(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return error
    raise AssertionError("no error")


def calls(manager):
    counter = manager.counter(5)
    assert counter.add(2) == 7
    assert counter.get() == 7
    assert str(counter) == "a counter at 7"
    assert manager.counter().get() == 0
    for kind, of in (("value", ValueError), ("key", KeyError), ("own", AskedFor)):
        error = raised(counter.fail, kind)
        assert type(error) is of and error.args == ("as asked", 7), error
    assert type(raised(counter.add, "x")) is TypeError
    assert type(raised(counter.add, 2 ** 63 - 1)) is OverflowError
    error = raised(counter.fail, "panic")
    assert type(error) is RemoteError and "RuntimeError: the method panicked: as asked" in str(error)
    assert "cannot pickle a thread" in str(raised(counter.unserialisable))
    assert "not in exposed" in str(raised(counter._callmethod, "_secret"))
    assert counter.get() == 7


def creation(manager):
    assert "ValueError: nothing is made" in str(raised(manager.failing))
    assert "KeyError: 'unknown'" in str(raised(manager.unknown))
    assert "AttributeError" in str(raised(manager.result_only))
    reserved = manager.reserved(5)
    assert reserved.get() == 5
    assert not hasattr(reserved, "add")
    assert reserved._callmethod("_secret") == 42
    stored = manager.stored([1, 2])
    stored.append(3)
    assert stored.pop() == 3 and stored.count(1) == 1
    for arguments in ((), (1,), ([1], [2])):
        assert type(raised(manager.stored, *arguments)) is RemoteError
    one, other = manager.shared_counter(), manager.shared_counter()
    one.add(3)
    assert other.get() == 3


def proxies(manager):
    before = manager._number_of_objects()
    maker = manager.maker(5)
    twin = maker.twin()
    assert twin.add(1) == 6 and maker.get() == 5
    assert manager._number_of_objects() == before + 2
    kept = manager.kept()
    kept.put({"nested": [twin]})
    del twin
    assert manager._number_of_objects() == before + 2
    again = kept.take()["nested"][0]
    assert again.get() == 6
    assert manager._number_of_objects() == before + 3
    assert kept.get() is None
    assert "refcount=1" in manager._debug_info()
    del again, maker, kept
    assert manager._number_of_objects() == before


def threads(manager):
    counter = manager.counter()

    def add():
        for _ in range(100):
            counter.add(1)

    running = [threading.Thread(target=add) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert counter.get() == 400


def deaths(manager):
    before = manager._number_of_objects()
    # Over TCP the server knows no process.
    for blocks in () if sys.argv[1].startswith("tcp:") else ("get", "wait"):
        child = subprocess.Popen(
            [sys.executable, __file__, sys.argv[1], sys.argv[2], blocks],
            stdout=subprocess.PIPE,
        )
        assert child.stdout.readline() == b"ready\n"
        assert manager._number_of_objects() == before + 2
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert manager._number_of_objects() == before
        child.stdout.close()


def to_be_killed(manager):
    counter, kept = manager.counter(), manager.kept()
    assert counter.get() == 0
    print("ready", flush=True)
    if sys.argv[3] == "wait":
        kept.wait()
    signal.pause()


def wrong_key():
    manager = Manager(address=place(), authkey=b"another key")
    assert type(raised(manager.connect)).__name__ == "AuthenticationError"


if __name__ == "__main__":
    if len(sys.argv) > 3:
        to_be_killed(connected())
    manager = connected()
    for part in (calls, creation, proxies, threads, deaths):
        part(manager)
        # Errors refer to the frames that refer to proxies.
        gc.collect()
    wrong_key()
    assert manager._number_of_objects() == 0, manager._debug_info()
    print("ok", os.getpid())
