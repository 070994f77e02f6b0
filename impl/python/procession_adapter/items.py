"""Payloads that name themselves: built from their description, recognised by id and fingerprint."""

import struct
import zlib


class UndecodableError(Exception):
    """What decoding an `Undecodable` raises."""


def refuse_to_decode():
    raise UndecodableError("this value refuses to be decoded")


class Undecodable:
    """Pickles well; unpickling raises an error."""

    def __reduce__(self):
        return (refuse_to_decode, ())


class Kind:
    """Stands for something that is no plain value, by the name of its kind."""

    def __init__(self, name):
        self.name = name


def build(item):
    """The value that an item describes."""
    kind, number, length = item.get("kind", "int"), item["id"], item.get("len", 0)
    if kind == "int":
        return number
    if kind == "none":
        return None
    if kind == "text":
        return ("%d:" % number).ljust(length, ".")[:length]
    if kind == "bytes":
        return raw_bytes(item)
    if kind == "list":
        return [number, 2.25, None]
    if kind == "unencodable":
        return lambda: None
    if kind == "undecodable":
        return Undecodable()
    raise ValueError("an item of the unknown kind %r" % kind)


# Every residue modulo 251, twice, so that any run of 251 starts somewhere in the first half.
RESIDUES = bytes(range(251)) * 2


def raw_bytes(item):
    """The bytes of a `bytes` item; of another kind its canonical form."""
    if item.get("kind", "int") != "bytes":
        return canonical(build(item))
    number, length = item["id"], item.get("len", 0)
    start = (number + 8) % 251
    period = RESIDUES[start : start + 251]
    tail = max(length - 8, 0)
    return (number.to_bytes(8, "little") + period * (tail // 251) + period[: tail % 251])[:length]


def canonical(value):
    """The bytes over which the fingerprint is taken."""
    if value is None:
        return b"N"
    if isinstance(value, bool):
        # As a text that no text is: a zero byte in front.
        return b"T\0true" if value else b"T\0false"
    if isinstance(value, int):
        return b"I%d" % value
    if isinstance(value, float):
        return b"F" + struct.pack("<d", value)
    if isinstance(value, str):
        return b"T" + value.encode("utf-8", "surrogatepass")
    if isinstance(value, (bytes, bytearray)):
        return b"B" + value
    if isinstance(value, list):
        return b"L" + measured(value)
    if isinstance(value, tuple):
        return b"P" + measured(value)
    if isinstance(value, dict):
        return b"M" + measured(part for entry in value.items() for part in entry)
    if isinstance(value, Kind):
        return b"O" + value.name.encode()
    # Nothing that was ever sent: a fingerprint that matches no item.
    return b"?" + repr(value).encode("utf-8", "replace")


def measured(values):
    """The canonical form of each, with its length in front."""
    forms = [canonical(value) for value in values]
    return b"".join(struct.pack("<I", len(form)) + form for form in forms)


def identity(value):
    """The id that a value carries; 0 where there is none."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        digits = value.split(":", 1)[0]
        return int(digits) if digits.isascii() and digits.isdigit() else 0
    if isinstance(value, (bytes, bytearray)):
        return int.from_bytes(value[:8], "little", signed=True) if len(value) >= 8 else 0
    if isinstance(value, list):
        return identity(value[0]) if value else 0
    return 0


def fingerprint(value):
    """Length and CRC-32 of the canonical form."""
    if isinstance(value, (bytes, bytearray)):
        return (len(value) + 1) << 32 | zlib.crc32(value, zlib.crc32(b"B"))
    form = canonical(value)
    return len(form) << 32 | zlib.crc32(form)
