"""Plain values of shared memory: as scripts write them, and as answers report them."""

from .answers import OK
from .history import signed
from .items import fingerprint


def scalar(written):
    """What a script's scalar stands for: itself, or bytes by their hexadecimal digits."""
    return bytes.fromhex(written["bytes"]) if isinstance(written, dict) else written


def reported(value):
    """The number and the fingerprint that an answer has for it."""
    if isinstance(value, bool):
        return int(value), fingerprint(value)
    if isinstance(value, int):
        value = signed(value)
        return value, fingerprint(value)
    return 0, fingerprint(value)


def read(value):
    """The answer to a call that reads one."""
    return (OK,) + reported(value) + (None, ())


def read_slice(values):
    """The answer to a call that reads a slice, which is a list, a text or a byte string."""
    if isinstance(values, bytes):
        values = [bytes([byte]) for byte in values]
    return (OK, len(values), 0, None, tuple(reported(value) for value in values))
