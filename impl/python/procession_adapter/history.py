"""History files and shared words: what a worker saw, written where a kill loses nothing of it."""

import fcntl
import mmap
import os
import struct
import threading

CALL, RETURN, ITEM = 0, 1, 2

MAGIC = b"PROCHIS1"
HEADER_BYTES = 64
RECORD_BYTES = 32
BODY = struct.Struct("<QqQHBB")
SEAL = struct.Struct("<I")
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
    """The words that all workers of a run share; a change of one is a single step for all of them.

    Two locks see to that: the mutex for the threads of this process, and a record lock on the file,
    which ends with its process, for all others. The descriptor stays open, since closing any
    descriptor of the file would give the record lock back.
    """

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR)
        # In native words, since these are read in one piece and `struct` reads byte by byte.
        self.words = memoryview(mmap.mmap(self.fd, WORDS_BYTES)).cast("q")
        self.renew_mutex()
        os.register_at_fork(after_in_child=self.renew_mutex)

    def renew_mutex(self):
        """The holder in another thread does not come along into a forked child."""
        self.mutex = threading.Lock()

    def read(self, index):
        return self.words[index]

    def swap(self, index, value):
        return self.change(index, lambda old: value)

    def add(self, index, amount):
        return self.change(index, lambda old: signed(old + amount))

    def change(self, index, new):
        """Replaces a word by what `new` makes of it; returns what was there."""
        with self.mutex:
            fcntl.lockf(self.fd, fcntl.LOCK_EX)
            try:
                old = self.words[index]
                self.words[index] = new(old)
                return old
            finally:
                fcntl.lockf(self.fd, fcntl.LOCK_UN)


WORDS = {}
WORDS_MUTEX = threading.Lock()


def words_of(directory):
    """The words of the run with this directory, opened once in each process."""
    with WORDS_MUTEX:
        if directory not in WORDS:
            WORDS[directory] = Words(os.path.join(directory, "words"))
        return WORDS[directory]


def signed(value):
    """The number's low 64 bits as a signed number; almost always the number itself."""
    value &= 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value
