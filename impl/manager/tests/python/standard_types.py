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


class Beside:
    """A call in a thread of its own, which is a client of its own."""

    def __init__(self, call, *arguments):
        self.result = None
        self.thread = threading.Thread(target=self.run, args=(call,) + arguments)
        self.thread.start()

    def run(self, call, *arguments):
        try:
            self.result = call(*arguments)
        except Exception as error:
            self.result = type(error)

    def end(self):
        self.thread.join()
        return self.result


def lists(manager):
    assert manager.list()[:] == []
    numbers = manager.list([1, 2, 3])
    numbers.append(4)
    numbers += [5]
    numbers *= 1
    numbers.sort(reverse=True)
    assert numbers[:] == [5, 4, 3, 2, 1] and str(numbers) == "[5, 4, 3, 2, 1]"
    assert [number for number in numbers] == list(reversed(numbers))[::-1] == numbers[:]
    assert len(numbers) == 5 and 4 in numbers and numbers.index(4) == 1 and numbers.count(9) == 0
    numbers[0], numbers[1:3] = 6, [7]
    del numbers[-1]
    numbers.insert(0, 0)
    numbers.remove(7)
    numbers.extend("ab")
    numbers.reverse()
    assert numbers.pop() == 0 and numbers.pop(0) == "b" and numbers[:] == ["a", 2, 6]
    assert numbers + [1] == ["a", 2, 6, 1] and numbers * 2 == 2 * numbers == ["a", 2, 6] * 2
    assert raised(numbers.__getitem__, 9) is IndexError
    assert raised(numbers.index, 9) is ValueError
    assert raised(numbers.sort) is TypeError and numbers._getvalue() == ["a", 2, 6]


def dicts(manager):
    letters = manager.dict(a=1)
    letters["b"] = [1]
    assert letters.copy() == {"a": 1, "b": [1]} == letters._getvalue() and len(letters) == 2
    assert letters.keys() == ["a", "b"] and letters.values() == [1, [1]]
    assert letters.items() == [("a", 1), ("b", [1])]
    assert "a" in letters and letters.get("c", 3) == letters.setdefault("c", 3) == letters.pop("c") == 3
    letters.update({"d": 4}, e=5)
    del letters["d"]
    assert letters.popitem() == ("e", 5)
    assert raised(letters.__getitem__, "c") is KeyError
    letters.clear()
    assert not letters.copy() and str(manager.dict([(1, 2)])) == "{1: 2}"


def iterators(manager):
    letters = manager.dict(a=1, b=2)
    passes = iter(letters)
    assert type(passes).__name__ == "IteratorProxy" and iter(passes) is passes
    assert [next(passes), passes.__next__()] == ["a", "b"]
    assert raised(next, passes) is StopIteration
    assert [key for key in letters] == ["a", "b"]
    passes = iter(letters)
    letters["c"] = 3
    assert raised(next, passes) is RuntimeError


def namespaces(manager):
    space = manager.Namespace(x=1)
    space.y = 2
    assert (space.x, space.y) == (1, 2) and raised(getattr, space, "z") is AttributeError
    assert str(space) == "Namespace(x=1, y=2)"
    del space.x
    assert raised(getattr, space, "x") is AttributeError and vars(space._getvalue()) == {"y": 2}


def values(manager):
    value = manager.Value("i", 5)
    value.value += 1
    assert value.value == value.get() == 6
    value.set("any")
    assert value.value == "any" and str(value) == "Value('i', 'any')"


def arrays(manager):
    array = manager.Array("i", [1, 2])
    array[0] = 7
    assert list(array) == [7, 2] and len(array) == 2 and array[:] == array._getvalue()
    assert raised(array.__getitem__, 2) is IndexError
    assert raised(array.__setitem__, 0, "x") is TypeError
    assert raised(array.__setitem__, 0, 2 ** 31) is OverflowError


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
    box = manager.dict(q=manager.Queue(), lock=manager.Lock(), deep=[{"list": outer}])
    box["q"].put(box["deep"][0]["list"])
    with box["lock"]:
        assert box["q"].get()[0]["k"] == 2
    del outer, box
    assert manager._number_of_objects() == before


def locks(manager):
    lock = manager.Lock()
    assert lock.acquire() and not lock.acquire(False) and not lock.acquire(True, 0.01)
    # Whoever shares it may release it.
    Beside(lock.release).end()
    with lock:
        waiting = Beside(lock.acquire)
    # Its thread has ended, with which it has released it.
    assert waiting.end() is True
    assert lock.acquire()
    lock.release()
    assert raised(lock.release) is RuntimeError


def recursive_locks(manager):
    lock = manager.RLock()
    with lock, lock:
        assert Beside(lock.acquire, False).end() is False
        assert Beside(lock.release).end() is RuntimeError
    assert Beside(lock.acquire, False).end() is True
    assert raised(lock.release) is RuntimeError


def semaphores(manager):
    semaphore = manager.Semaphore(2)
    assert semaphore.acquire() and semaphore.acquire() and not semaphore.acquire(False)
    waiting = Beside(semaphore.acquire)
    semaphore.release()
    assert waiting.end() is True
    for _ in range(3):
        semaphore.release()
    assert manager.Semaphore(0).acquire(True, 0.01) is False


def bounded_semaphores(manager):
    semaphore = manager.BoundedSemaphore(1)
    with semaphore:
        assert not semaphore.acquire(False)
    assert raised(semaphore.release) is ValueError


def events(manager):
    event = manager.Event()
    assert not event.is_set() and not event.wait(0.01)
    waiting = [Beside(event.wait) for _ in range(2)]
    event.set()
    assert [one.end() for one in waiting] == [True, True] and event.wait() and event.is_set()
    event.clear()
    assert not event.is_set()


def conditions(manager):
    held = manager.Lock()
    condition = manager.Condition(held)
    with condition:
        assert not held.acquire(False)
        assert not condition.wait(0.01)
    assert raised(condition.notify) is RuntimeError
    for notify, count in (("notify", 1), ("notify_all", 3)):
        condition, ready = manager.Condition(), manager.list()

        def wait():
            with condition:
                ready.append(None)
                return condition.wait()

        waiting = [Beside(wait) for _ in range(count)]
        told = False
        while not told:
            with condition:
                # Who has the lock back from them finds them waiting.
                told = len(ready) == count
                if told:
                    getattr(condition, notify)()
        assert [one.end() for one in waiting] == [True] * count
    condition, done = manager.Condition(), manager.Value("i", 0)

    def finish():
        with condition:
            done.value = 1
            condition.notify_all()

    with condition:
        other = Beside(finish)
        assert condition.wait_for(lambda: done.value == 1)
        assert not condition.wait_for(lambda: done.value == 2, 0.01)
    other.end()


def barriers(manager):
    assert manager.Barrier(1).wait() == 0
    barrier = manager.Barrier(2)
    other = Beside(barrier.wait)
    assert sorted([barrier.wait(), other.end()]) == [0, 1]
    assert barrier.parties == 2 and barrier.n_waiting == 0 and not barrier.broken
    assert raised(barrier.wait, 0.01) is threading.BrokenBarrierError and barrier.broken
    barrier.reset()
    assert not barrier.broken
    other = Beside(barrier.wait)
    while barrier.n_waiting == 0:
        pass
    barrier.abort()
    assert other.end() is threading.BrokenBarrierError


def queues(manager):
    bounded = manager.Queue(2)
    bounded.put(1)
    bounded.put_nowait(2)
    assert bounded.full() and bounded.qsize() == 2
    assert raised(bounded.put, 3, block=False) is queue.Full
    assert raised(bounded.put, 3, True, 0.01) is queue.Full
    waiting = Beside(bounded.put, 3)
    assert (bounded.get(), bounded.get(), bounded.get()) == (1, 2, 3)
    waiting.end()
    waiting = Beside(bounded.get)
    bounded.put({"x": [1]})
    assert waiting.end() == {"x": [1]} and bounded.empty()
    assert raised(bounded.get, timeout=0.01) is queue.Empty
    assert raised(bounded.get_nowait) is queue.Empty


def joinable_queues(manager):
    work, done = manager.JoinableQueue(), manager.Queue()
    work.put({"nested": done})
    waiting = Beside(work.join)
    work.get()["nested"].put(3)
    work.task_done()
    waiting.end()
    assert done.get() == 3
    assert raised(work.task_done) is ValueError


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


# What is tried of each type that a manager of Python's has.
TYPES = {
    "Array": arrays,
    "Barrier": barriers,
    "BoundedSemaphore": bounded_semaphores,
    "Condition": conditions,
    "Event": events,
    "Iterator": iterators,
    "JoinableQueue": joinable_queues,
    "Lock": locks,
    "Namespace": namespaces,
    "Queue": queues,
    "RLock": recursive_locks,
    "Semaphore": semaphores,
    "Value": values,
    "dict": dicts,
    "list": lists,
}

# A pool runs functions of Python, which the server does not have; sets are newer than what is promised.
NOT_OFFERED = {"AsyncResult", "Pool", "set"}

if __name__ == "__main__":
    assert set(SyncManager._registry) - NOT_OFFERED == set(TYPES), SyncManager._registry.keys()
    server = connected()
    for part in list(TYPES.values()) + [nested, children, errors]:
        part(server)
        # Errors refer to the frames that refer to proxies.
        gc.collect()
    assert server._number_of_objects() == 0, server._debug_info()
