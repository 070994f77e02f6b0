"""Calls on managed objects and on a worker's own plain values."""

import copy
import operator
from functools import partial
from multiprocessing import managers

from .answers import number, text
from .data import build, result, results
from .targets import NotOffered, offered


def method_of(target, name):
    """The method of this name; a namespace's are the language's own reading, writing and removing.

    It is looked up in the call, since it may be missing.
    """
    if isinstance(target, managers.NamespaceProxy) and name in ATTRIBUTES:
        return partial(ATTRIBUTES[name], target)
    return lambda *arguments: getattr(target, name)(*arguments)


ATTRIBUTES = {"__getattribute__": getattr, "__setattr__": setattr, "__delattr__": delattr}


def invoke(worker, step):
    target = worker.target(step["on"])
    method = method_of(target, step["method"])
    arguments = [build(written, worker.target) for written in step.get("args", ())]
    name = step.get("into")

    def call():
        given = method(*arguments)
        if name is not None:
            worker.objects[name] = given
        return given

    return call, result, target


def keep(worker, step):
    value = build(step["value"], worker.target)
    return partial(operator.setitem, worker.objects, step["name"], value), None, None


def get_value(worker, step):
    target, name = worker.target(step["on"]), step["name"]
    get = partial(copy.deepcopy, target) if step.get("deep") else offered(target, "_getvalue")

    def call():
        worker.objects[name] = get()
        return worker.objects[name]

    return call, result, target


def equals(worker, step):
    target, other = worker.target(step["on"]), worker.target(step["other"])
    return (lambda: target == other), number, target


def iterate(worker, step):
    from .calls import prepare

    target = worker.target(step["on"])
    meanwhile = None
    if step.get("meanwhile") is not None:
        meanwhile, _, _ = prepare(worker, dict(step["meanwhile"], on=step["on"]))

    def call():
        found = []
        for element in target:
            found.append(element)
            if len(found) == 1 and meanwhile is not None:
                meanwhile()
        return found

    return call, results, target


def display(worker, step):
    target = worker.target(step["on"])
    return partial(str, target), text, target


def hand(worker, step):
    target, thing = worker.target(step["on"]), worker.target(step["name"])
    for method in ("send", "put"):
        if hasattr(type(target), method):
            return partial(getattr(target, method), thing), None, target
    raise NotOffered("%s hands nothing over" % type(target).__name__)


def take_over(worker, step):
    target, name = worker.target(step["on"]), step["name"]
    take = getattr(target, "recv") if hasattr(type(target), "recv") else offered(target, "get")

    def call():
        worker.objects[name] = take()
        return worker.objects[name]

    return call, result, target


CALLS = {
    "invoke": invoke,
    "keep": keep,
    "get_value": get_value,
    "equals": equals,
    "iterate": iterate,
    "display": display,
    "hand": hand,
    "take_over": take_over,
}
