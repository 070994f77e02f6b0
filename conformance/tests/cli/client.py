"""A client of `procession manager serve` as its help shows one: the types by their names, and what is shared."""

import multiprocessing
from multiprocessing.connection import Client
from multiprocessing.managers import SyncManager, dispatch

with open("key", "rb") as file:
    key = file.read().rstrip(b"\n")
# Proxies that are read from containers go by the key of the process.
multiprocessing.current_process().authkey = key
SyncManager.register("jobs")
manager = SyncManager(address="./socket", authkey=key)
manager.connect()


def work(fruits):
    manager.jobs().put([fruits, len(fruits)])


fruits = manager.list(["apple", "pear"])
child = multiprocessing.get_context("fork").Process(target=work, args=(fruits,))
child.start()
same, length = manager.jobs().get()
child.join()
assert (length, child.exitcode) == (2, 0)
same.append("plum")
assert fruits[:] == ["apple", "pear", "plum"]

prices = manager.dict(apple=1)
prices.update(pear=2)
assert prices.copy() == {"apple": 1, "pear": 2}
place = manager.Namespace(town="Rome")
place.town += "!"
assert place.town == "Rome!"
value, array = manager.Value("i", 1), manager.Array("d", [0.5, 1.5])
value.value, array[0] = 2, 2.5
assert value.value == 2 and list(array) == [2.5, 1.5]
queue, joinable = manager.Queue(1), manager.JoinableQueue()
queue.put("only")
assert queue.full() and queue.get() == "only"
joinable.put(None)
joinable.get()
joinable.task_done()
joinable.join()
for lock in (manager.Lock(), manager.RLock(), manager.Semaphore(), manager.BoundedSemaphore(), manager.Condition()):
    with lock:
        pass
event, barrier = manager.Event(), manager.Barrier(1)
event.set()
assert event.wait() and barrier.wait() == 0

connection = Client("./socket", authkey=key)
dispatch(connection, None, "shutdown")
