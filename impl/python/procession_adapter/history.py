"""History files and shared words: what a worker saw, written where a kill loses nothing of it."""

import mmap
import struct

CALL, RETURN, ITEM = 0, 1, 2

MAGIC = b"PROCHIS1"
HEADER_BYTES = 64
RECORD_BYTES = 32
BODY = struct.Struct("<QqQHBB")
SEAL = struct.Struct("<I")
WORD = struct.Struct("<q")
WORDS_BYTES = 512


class History:
    """The records of one worker, in a file that the suite has made."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        if self.map[: len(MAGIC)] != MAGIC:
            raise ValueError("%s does not begin with %r" % (path, MAGIC))
        self.number = 0

    def record(self, t_ns, value, aux, step, phase, outcome):
        at = HEADER_BYTES + RECORD_BYTES * self.number
        if at + RECORD_BYTES > len(self.map):
            raise ValueError("the history file has room for %d records only" % self.number)
        BODY.pack_into(self.map, at, t_ns, signed(value), aux, step, phase, outcome)
        self.number += 1
        # The seal is stored after the rest: a record is whole or it is not there.
        SEAL.pack_into(self.map, at + BODY.size, self.number)

    def close(self):
        self.map.close()


class Words:
    """The words that all workers of a run share. A swap is two accesses, not one atomic one."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), WORDS_BYTES)

    def read(self, index):
        return WORD.unpack_from(self.map, WORD.size * index)[0]

    def swap(self, index, value):
        old = self.read(index)
        WORD.pack_into(self.map, WORD.size * index, value)
        return old


def signed(value):
    """The number's low 64 bits as a signed number; almost always the number itself."""
    value &= 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value
