"""Plain values at any depth: as scripts write them, and as answers report them and what is none."""

import array
from multiprocessing import managers

from .answers import OK
from .history import signed
from .items import Kind, fingerprint
from .targets import NoSuchTarget


def build(written, known):
    """What a script's datum stands for; `known` finds what has a name."""
    if isinstance(written, list):
        return [build(element, known) for element in written]
    if not isinstance(written, dict):
        return written
    (form, content), = written.items()
    if form == "bytes":
        return bytes.fromhex(content)
    if form == "tuple":
        return tuple(build(element, known) for element in content)
    if form == "dict":
        return {build(key, known): build(value, known) for key, value in content}
    if form == "object":
        return known(content)
    if form == "slice":
        return slice(*content)
    if form == "unencodable":
        return lambda: None
    raise ValueError("a value of the unknown form %r" % form)


def among(objects, owner):
    """A function that finds an object by its name, for the creation of `owner`."""

    def find(name):
        if name not in objects:
            raise NoSuchTarget("there is no %r to be part of %r" % (name, owner))
        return objects[name]

    return find


def is_plain(value):
    """Whether the value is plain, and everything in it."""
    if isinstance(value, (list, tuple)):
        return all(is_plain(element) for element in value)
    if type(value) is dict:
        return all(is_plain(key) and is_plain(element) for key, element in value.items())
    return value is None or isinstance(value, (bool, int, float, str, bytes))


# The identifiers of the types of Python's managers whose kinds have another name.
KINDS = {
    "JoinableQueue": "joinable_queue",
    "BoundedSemaphore": "bounded_semaphore",
}


def kind_of(value):
    """The kind of what is no plain value: of a proxy that of the object behind it."""
    if isinstance(value, managers.BaseProxy):
        typeid = value._token.typeid
        return KINDS.get(typeid, typeid.lower())
    if hasattr(type(value), "__next__"):
        return "iterator"
    if isinstance(value, array.array):
        return "array"
    if isinstance(value, managers.Namespace):
        return "namespace"
    return type(value).__name__


def reported(value):
    """The number and the fingerprint that an answer has for a value, plain or not."""
    if not is_plain(value):
        return 0, fingerprint(Kind(kind_of(value)))
    if isinstance(value, int):
        number = signed(int(value))
    else:
        number = len(value) if isinstance(value, (list, tuple, dict)) else 0
    return number, fingerprint(value)


def result(value):
    """The answer to a call that gives one."""
    return (OK,) + reported(value) + (None, ())


def results(values):
    """The answer to a call that gives several."""
    return (OK, len(values), 0, None, tuple(reported(value) for value in values))
