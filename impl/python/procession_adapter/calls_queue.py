"""Calls on Queue, SimpleQueue and JoinableQueue."""

from functools import partial
from multiprocessing.queues import SimpleQueue

from .answers import number, received
from .items import build
from .targets import NotOffered, offered, seconds


def waiting(target, step):
    """The arguments block and timeout; a SimpleQueue has neither."""
    block, timeout = step.get("block", True), seconds(step.get("timeout_ms"))
    if not isinstance(target, SimpleQueue):
        return (block, timeout)
    if not block or timeout is not None:
        raise NotOffered("a SimpleQueue always waits, without limit")
    return ()


def put(worker, step):
    target = worker.target(step["on"])
    item = build(step["item"])
    call = partial(offered(target, "put"), item, *waiting(target, step))
    if not step.get("then_clear"):
        return call, None, target

    def put_then_clear():
        call()
        item.clear()

    return put_then_clear, None, target


def put_nowait(worker, step):
    target = worker.target(step["on"])
    return partial(offered(target, "put_nowait"), build(step["item"])), None, target


def get(worker, step):
    target = worker.target(step["on"])
    return partial(offered(target, "get"), *waiting(target, step)), received, target


def join_tasks(worker, step):
    target = worker.target(step["on"])
    if step.get("timeout_ms") is not None:
        raise NotOffered("JoinableQueue.join has no timeout")
    return offered(target, "join"), None, target


def plain(name, read=None):
    """A method without arguments."""

    def prepare(worker, step):
        target = worker.target(step["on"])
        return offered(target, name), read, target

    return prepare


CALLS = {
    "put": put,
    "put_nowait": put_nowait,
    "get": get,
    "get_nowait": plain("get_nowait", received),
    "qsize": plain("qsize", number),
    "empty": plain("empty", number),
    "full": plain("full", number),
    "join_thread": plain("join_thread"),
    "cancel_join_thread": plain("cancel_join_thread"),
    "task_done": plain("task_done"),
    "join_tasks": join_tasks,
}
