"""Records: ctypes structures made from their fields, which any start method can hand over."""

import ctypes
from multiprocessing.reduction import ForkingPickler
from multiprocessing.sharedctypes import typecode_to_type


class RecordType(type(ctypes.Structure)):
    """The type of record types: no module has them by name, so they travel as their fields."""


RECORD_TYPES = {}


def record_type(fields):
    """The structure with these fields, pairs of name and type letter; the same one each time."""
    if fields not in RECORD_TYPES:
        described = [(name, typecode_to_type[code]) for name, code in fields]
        RECORD_TYPES[fields] = RecordType("Record", (ctypes.Structure,), {"_fields_": described, "fields": fields})
    return RECORD_TYPES[fields]


ForkingPickler.register(RecordType, lambda kind: (record_type, (kind.fields,)))
