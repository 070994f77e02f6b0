"""Addresses and keys: as scripts name them, and as multiprocessing takes and gives them."""

import os
import socket
import time
import zlib
from multiprocessing import connection

from .targets import NoSuchTarget

# How long an address that is not known yet is waited for: a server in the foreground tells it while it begins.
PATIENCE_S = 10.0


def options(endpoint, ticket):
    """The arguments `address` and `family` of Listener and Client; absent if nothing is said."""
    form, name = (endpoint, None) if isinstance(endpoint, str) else next(iter(endpoint.items()))
    if form == "unsaid":
        return {}
    if form == "unix":
        return {"family": "AF_UNIX"}
    if form == "unknown_family":
        # A family that multiprocessing knows, of another system.
        return {"address": r"\\.\pipe\procession", "family": "AF_PIPE"}
    return {"address": ADDRESSES[form](ticket, name)}


def manager_address(endpoint, ticket):
    """The address for a manager, which cannot be told a family."""
    said = options(endpoint, ticket)
    if "address" not in said and "family" in said:
        return connection.arbitrary_address(said["family"])
    return said.get("address")


def unused_port():
    """One that was free a moment ago."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def abstract_name(ticket, name):
    """Such names are the whole machine's, and runs side by side may have the same id, but not directory."""
    return "\0procession-%08x-%s" % (zlib.crc32(ticket["directory"].encode()), name)


def localhost_of(ticket, name):
    address = address_of(ticket, name)
    if not isinstance(address, tuple):
        raise NoSuchTarget("%r has an address without a host: %r" % (name, address))
    return ("localhost", address[1])


def note_path(ticket, name):
    """The file in which the address of a manager or a listener is noted."""
    return os.path.join(ticket["directory"], name + ".address")


def note(path, address):
    """Tells the run an address; whole, or not at all."""
    with open(path + ".new", "w") as file:
        file.write(spoken(address))
    os.rename(path + ".new", path)


def spoken(address):
    """An address as the protocol writes it."""
    if isinstance(address, tuple):
        return "tcp:%s:%d" % address
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    return "abstract:" + address[1:] if address.startswith("\0") else "unix:" + address


def address_of(ticket, name):
    """The address that a manager or a listener of the run has noted."""
    path = note_path(ticket, name)
    until = time.monotonic() + PATIENCE_S
    while not os.path.exists(path):
        if time.monotonic() > until:
            raise NoSuchTarget("nothing called %r has an address" % name)
        time.sleep(0.001)
    with open(path) as file:
        return understood(file.read())


def understood(text):
    """An address as multiprocessing has it, of what the protocol writes."""
    family, _, rest = text.partition(":")
    if family == "tcp":
        host, _, port = rest.rpartition(":")
        return (host, int(port))
    return "\0" + rest if family == "abstract" else rest


ADDRESSES = {
    "tcp": lambda ticket, name: ("127.0.0.1", 0),
    "abstract": abstract_name,
    "path": lambda ticket, name: os.path.join(ticket["directory"], name),
    "of": address_of,
    "localhost_of": localhost_of,
    "nobody_tcp": lambda ticket, name: ("127.0.0.1", unused_port()),
    "nobody_unix": lambda ticket, name: os.path.join(ticket["directory"], "nobody"),
    "nonsense": lambda ticket, name: 5,
}


def key_options(key):
    """The argument `authkey`, if the script says anything about it."""
    if isinstance(key, dict):
        return {"authkey": key["given"].encode()}
    said = {"unsaid": {}, "absent": {"authkey": None}, "nonsense": {"authkey": "a text is no key"}}
    return said[key]
