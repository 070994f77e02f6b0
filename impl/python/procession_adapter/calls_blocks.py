"""Calls on named blocks of shared memory, and those that blocks and lists have in common."""

import os
import sys
from multiprocessing.shared_memory import ShareableList, SharedMemory

from .answers import ABSENT, OK, number, outcome
from .items import fingerprint, raw_bytes
from .targets import NotOffered, offered


def block_name(worker, name):
    """The name that a block has in this run; None to leave it to the library."""
    return None if name is None else name.replace("{run}", worker.ticket["run"])


def block_of(target):
    """The block that a list lies in; of everything else the thing itself."""
    return target.shm if isinstance(target, ShareableList) else target


def open_block(worker, step):
    options = {"name": block_name(worker, step.get("block")), "create": step.get("create", False)}
    if step.get("size") is not None:
        options["size"] = step["size"]
    if step.get("track") is not None:
        if sys.version_info < (3, 13):
            raise NotOffered("SharedMemory can be left untracked from 3.13 on")
        options["track"] = step["track"]
    name = step["name"]

    def call():
        block = worker.objects[name] = SharedMemory(**options)
        return block

    return call, lambda block: (OK, block.size, 0, block.name, ()), None


def block(worker, step):
    target = worker.target(step["on"])
    if not isinstance(target, SharedMemory):
        raise NotOffered("%s is no block" % type(target).__name__)
    return target


def read_block(worker, step):
    """A single byte is read by its index, more by a slice: only an index can be out of bounds."""
    target, at, length = block(worker, step), step["at"], step["len"]

    def call():
        return bytes([target.buf[at]]) if length == 1 else bytes(target.buf[at : at + length])

    return call, lambda data: (OK, 0, fingerprint(data), None, ()), target


def write_block(worker, step):
    target, at, data = block(worker, step), step["at"], raw_bytes(step["item"])
    length = len(data) if step.get("len") is None else step["len"]

    def call():
        if length == len(data) == 1:
            target.buf[at] = data[0]
        else:
            target.buf[at : at + length] = data

    return call, None, target


def unlink(worker, step):
    target = block_of(worker.target(step["on"]))
    return offered(target, "unlink"), None, target


def length(worker, step):
    target = worker.target(step["on"])
    if isinstance(target, SharedMemory):
        return (lambda: target.size), number, target
    return offered(target, "__len__"), number, target


def block_mode(worker, step):
    path = "/dev/shm/" + block_name(worker, step["block"])

    def call():
        try:
            return os.stat(path).st_mode & 0o7777
        except FileNotFoundError:
            return None

    return call, lambda mode: outcome(ABSENT) if mode is None else number(mode), None


CALLS = {
    "open_block": open_block,
    "read_block": read_block,
    "write_block": write_block,
    "unlink": unlink,
    "length": length,
    "block_mode": block_mode,
}
