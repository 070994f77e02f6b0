"""A client that uses each of Python's own types, of a server whose address and key are the arguments."""

import gc
import multiprocessing
import queue
import sys
import threading
from multiprocessing import current_process
from multiprocessing.managers import RemoteError, SyncManager


def connected():
    path, key = sys.argv[1].partition(":")[2], bytes.fromhex(sys.argv[2])
    current_process().authkey = key
    manager = SyncManager(address=path, authkey=key)
    manager.connect()
    return manager


def raised(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except Exception as error:
        return type(error)
    raise AssertionError("no error")


def containers(manager):
    numbers = manager.list([1, 2, 3])
    numbers.append(4)
    numbers += [5]
    numbers.sort(reverse=True)
    assert numbers[:] == [5, 4, 3, 2, 1] and str(numbers) == "[5, 4, 3, 2, 1]"
    assert raised(numbers.__getitem__, 9) is IndexError
    letters = manager.dict(a=1)
    letters["b"] = [1]
    assert [key for key in letters] == ["a", "b"] and letters.copy() == {"a": 1, "b": [1]}
    assert raised(letters.__getitem__, "c") is KeyError
    space = manager.Namespace(x=1)
    space.y = 2
    assert (space.x, space.y) == (1, 2) and raised(getattr, space, "z") is AttributeError
    value, array = manager.Value("i", 5), manager.Array("i", [1, 2])
    value.value += 1
    array[0] = 7
    assert value.value == 6 and list(array) == [7, 2]
    assert letters._getvalue() == {"a": 1, "b": [1]}


def nested(manager):
    before = manager._number_of_objects()
    outer, inner = manager.list(), manager.dict(k=1)
    outer.append(inner)
    del inner
    assert manager._number_of_objects() == before + 1
    outer[0]["k"] = 2
    assert outer[0].copy() == {"k": 2}
    assert manager.list(outer[0]).__len__() == 1
    assert outer[0].keys() == ["k"]
    outer.append(outer)
    assert len(outer[1]) == 2
    del outer[1]
    del outer
    assert manager._number_of_objects() == before


def synchronisation(manager):
    for lock in (manager.Lock(), manager.RLock(), manager.Semaphore(2), manager.BoundedSemaphore(1)):
        with lock:
            pass
    held = manager.Lock()
    assert held.acquire() and not held.acquire(False)
    held.release()
    assert raised(held.release) is RuntimeError
    event = manager.Event()
    assert not event.wait(0.01)
    event.set()
    assert event.wait()
    condition = manager.Condition(held)
    with condition:
        assert not held.acquire(False)
        assert not condition.wait(0.01)
    assert manager.Barrier(1).wait() == 0
    barrier, met = manager.Barrier(2), []
    other = threading.Thread(target=lambda: met.append(barrier.wait()))
    other.start()
    met.append(barrier.wait())
    other.join()
    assert sorted(met) == [0, 1] and barrier.parties == 2


def queues(manager):
    bounded = manager.Queue(2)
    bounded.put(1)
    bounded.put(2)
    assert raised(bounded.put, 3, block=False) is queue.Full
    assert (bounded.get(), bounded.get()) == (1, 2)
    assert raised(bounded.get, timeout=0.01) is queue.Empty
    work = manager.JoinableQueue()
    work.put({"nested": bounded})
    work.get()["nested"].put(3)
    work.task_done()
    work.join()
    assert bounded.get() == 3


def use(answers, letters):
    letters["from"] = "a child"
    answers.put("done")


def children(manager):
    answers, letters = manager.Queue(), manager.dict()
    for method in multiprocessing.get_all_start_methods():
        child = multiprocessing.get_context(method).Process(target=use, args=(answers, letters))
        child.start()
        assert answers.get() == "done"
        child.join()
        assert child.exitcode == 0 and letters["from"] == "a child"
        letters.clear()


def errors(manager):
    assert raised(manager.Pool) is RemoteError
    assert raised(manager.list, 5) is RemoteError
    assert raised(manager.Barrier, 0) is RemoteError


if __name__ == "__main__":
    server = connected()
    for part in (containers, nested, synchronisation, queues, children, errors):
        part(server)
        # Errors refer to the frames that refer to proxies.
        gc.collect()
    assert server._number_of_objects() == 0, server._debug_info()
