"""Calls on lists in named blocks of shared memory; their elements are read and written as any array's."""

from functools import partial
from multiprocessing.shared_memory import ShareableList

from .answers import OK, number, text
from .calls_blocks import block_name
from .scalars import scalar
from .targets import attribute, offered


def open_list(worker, step):
    options = {"name": block_name(worker, step.get("block"))}
    if step.get("values") is not None:
        options["sequence"] = [scalar(written) for written in step["values"]]
    elif step.get("copy") is not None:
        options["sequence"] = worker.target(step["copy"])
    name = step["name"]

    def call():
        made = worker.objects[name] = ShareableList(**options)
        return made

    return call, lambda made: (OK, len(made), 0, made.shm.name, ()), None


def finding(method):
    """A method that compares elements with a value."""

    def prepare(worker, step):
        target = worker.target(step["on"])
        return partial(offered(target, method), scalar(step["of"])), number, target

    return prepare


def layout(worker, step):
    target = worker.target(step["on"])
    return attribute(target, "format"), text, target


CALLS = {"open_list": open_list, "count": finding("count"), "index": finding("index"), "format": layout}
