"""What an error of multiprocessing means in the call that raised it: the only place that knows.

Where CPython raises the same type for several situations, its wording tells them apart; the wordings
used here are the same from 3.8 to 3.13.
"""

import errno
import os
import queue
import struct
from multiprocessing import AuthenticationError, BufferTooShort, ProcessError, connection, process, queues
from multiprocessing.managers import BaseProxy, DictProxy, ListProxy, NamespaceProxy, RemoteError
from multiprocessing.shared_memory import SharedMemory
from threading import BrokenBarrierError

from . import answers
from .answers import outcome
from .barrier_action import ActionFailed
from .calls_blocks import block_of
from .items import fingerprint
from .creation import Unsupported
from .data import is_plain
from .served import AskedFor, Manager
from .targets import Interruption

BY_ERRNO = {
    errno.EPIPE: answers.BROKEN_PIPE,
    errno.ECONNRESET: answers.BROKEN_PIPE,
    errno.EBADF: answers.BAD_DESCRIPTOR,
    errno.EMFILE: answers.EXHAUSTED,
    errno.ENFILE: answers.EXHAUSTED,
    errno.ENOMEM: answers.EXHAUSTED,
    errno.EAGAIN: answers.EXHAUSTED,
    errno.ENOSPC: answers.EXHAUSTED,
    errno.EINVAL: answers.BAD_VALUE,
    errno.ENOENT: answers.BAD_VALUE,
    errno.ENAMETOOLONG: answers.BAD_VALUE,
    errno.EFBIG: answers.EXHAUSTED,
    errno.ECONNREFUSED: answers.REFUSED,
    errno.EADDRINUSE: answers.NAME_TAKEN,
}

BY_WORDING = [
    ("handle is closed", answers.CLOSED),
    ("connection is write-only", answers.WRONG_DIRECTION),
    ("connection is read-only", answers.WRONG_DIRECTION),
    ("bad message length", answers.TOO_LONG),
    ("got end of file during message", answers.CORRUPT),
    ("invalid handle", answers.BAD_VALUE),
    ("process object is closed", answers.CLOSED),
    ("Cannot close a process while it is still running", answers.STILL_RUNNING),
    ("can only join a child process", answers.NOT_OWNER),
    ("can only test a child process", answers.NOT_OWNER),
    ("can only start a process object created by current process", answers.NOT_OWNER),
    ("task_done() called too many times", answers.OVER_RELEASE),
    ("release unlocked lock", answers.OVER_RELEASE),
    ("released too many times", answers.OVER_RELEASE),
    ("not owned by thread", answers.NOT_OWNER),
    ("must acquire() condition", answers.NOT_OWNER),
    ("lock is not owned", answers.NOT_OWNER),
    ("has no method 'acquire'", answers.BAD_TYPE),
    ("un-acquired lock", answers.NOT_OWNER),
    ("listener is closed", answers.CLOSED),
]

BY_TYPE = [
    (Interruption, answers.INTERRUPTED),
    (BrokenBarrierError, answers.BROKEN_BARRIER),
    (ActionFailed, answers.ACTION_FAILED),
    (AskedFor, answers.ACTION_FAILED),
    (Unsupported, answers.UNSUPPORTED),
    (queue.Empty, answers.EMPTY),
    (queue.Full, answers.FULL),
    (AuthenticationError, answers.AUTH_FAILED),
    (ProcessError, answers.MISUSE),
    (RemoteError, answers.REMOTE_ERROR),
    (EOFError, answers.EOF),
    (MemoryError, answers.EXHAUSTED),
    (AssertionError, answers.MISUSE),
    (OverflowError, answers.BAD_VALUE),
    (UnicodeDecodeError, answers.DECODE_FAILED),
    (ValueError, answers.BAD_VALUE),
    (KeyError, answers.BAD_VALUE),
    (IndexError, answers.BAD_VALUE),
    (struct.error, answers.BAD_VALUE),
    (TypeError, answers.BAD_TYPE),
    (RuntimeError, answers.NOT_ALLOWED),
    (BufferError, answers.NOT_ALLOWED),
    (AttributeError, answers.ATTRIBUTE_MISSING),
]

# What errors mean of a container: a managed one, or a plain value.
OF_CONTAINERS = [
    (KeyError, answers.KEY_MISSING),
    (IndexError, answers.OUT_OF_RANGE),
    (StopIteration, answers.FINISHED),
]

SENDING = {"put", "put_nowait", "send", "send_connection", "hand"}
# What a value lacks, storage without a lock say, the caller took for another kind of object.
ON_VALUES = {"load", "store", "add", "get_lock", "get_object"}
RECEIVING = {"get", "get_nowait", "recv", "recv_connection", "take_over"}
ON_CONTAINERS = {"invoke", "iterate", "get_value", "equals"}
CONTAINERS = (DictProxy, ListProxy, NamespaceProxy)


def answer_to(error, do, target):
    """The answer that stands for an error of the call `do` on `target`."""
    if isinstance(error, BufferTooShort):
        message = error.args[0]
        return (answers.BUFFER_TOO_SHORT, len(message), fingerprint(message), None, ())
    if do == "invoke" and is_plain(error.args):
        return (meaning(error, do, target), 0, fingerprint(error.args), wording(error), ())
    return outcome(meaning(error, do, target), wording(error))


def wording(error):
    """The error's type and text, for people."""
    return "%s: %s" % (type(error).__name__, error) if str(error) else None


def meaning(error, do, target):
    """The outcome that an error of the call `do` on `target` stands for."""
    said = str(error)
    if isinstance(error, ValueError) and isinstance(target, queues.Queue) and "is closed" in said:
        return answers.CLOSED
    block = block_of(target)
    if isinstance(error, TypeError) and isinstance(block, SharedMemory) and block.buf is None:
        # The memory of a closed block is None, which nothing can be read from.
        return answers.CLOSED
    if isinstance(target, connection.Listener) and isinstance(error, AttributeError):
        # A closed one has no socket of which anything could be read.
        return answers.CLOSED
    if isinstance(error, RemoteError):
        # Its text is the server's, a whole traceback with the wordings of other errors in it.
        return answers.REMOTE_ERROR
    for fragment, meant in BY_WORDING:
        if fragment in said:
            return meant
    if isinstance(error, FileExistsError):
        return answers.NAME_TAKEN
    if isinstance(error, FileNotFoundError) and do != "pipeline":
        return answers.NAME_MISSING
    if isinstance(error, OSError) and not isinstance(error, queue.Empty):
        return BY_ERRNO.get(error.errno, answers.OTHER)
    if isinstance(error, (queue.Empty, queue.Full, MemoryError, Interruption)):
        return by_type(error)
    if do == "serialise":
        return refused_to_serialise(error)
    if isinstance(target, (BaseProxy, Manager)) or do in ON_CONTAINERS or do == "create":
        return refused_by_server(error, do, target)
    if do == "recv_descriptor" and isinstance(error, RuntimeError):
        return answers.CORRUPT
    if do in SENDING or do == "start":
        return refused_to_send(error, do)
    if do in RECEIVING:
        return refused_to_receive(error)
    if isinstance(target, connection.Connection) and isinstance(error, OverflowError):
        # A descriptor or a length that no C int can hold: CPython finds out when it is used.
        return answers.CORRUPT if do.startswith("recv") else answers.BAD_DESCRIPTOR
    if isinstance(error, AttributeError) and isinstance(target, process.BaseProcess):
        # Signalling a process that was never started: CPython trips over its own missing state.
        return answers.MISUSE
    if isinstance(error, AttributeError) and do in ON_VALUES:
        return answers.BAD_TYPE
    return by_type(error)


def refused_by_server(error, do, target):
    """Raised in the server, unless the place says that it was raised here, by encoding or decoding."""
    places = frames(error)
    if places & {("reduction.py", "dumps"), ("reduction.py", "dump")}:
        return answers.ENCODE_FAILED
    if ("connection.py", "recv") in places and not isinstance(error, EOFError):
        return answers.AUTH_FAILED if isinstance(error, AuthenticationError) else answers.DECODE_FAILED
    if do in ON_CONTAINERS or isinstance(target, CONTAINERS):
        for kind, meant in OF_CONTAINERS:
            if isinstance(error, kind):
                return meant
    return by_type(error)


def frames(error):
    """The files of multiprocessing and the functions in them through which an error went."""
    found, traceback = set(), error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        directory, file = os.path.split(code.co_filename)
        if os.path.basename(directory) == "multiprocessing":
            found.add((file, code.co_name))
        traceback = traceback.tb_next
    return found


def refused_to_send(error, do):
    """Serialisation runs foreign code, so it can raise anything; `start` checks its state first."""
    if isinstance(error, AssertionError) and do == "start":
        return answers.MISUSE
    if isinstance(error, RuntimeError) and do == "start":
        # An object of another context, or a process that is still loading its main program.
        return answers.NOT_ALLOWED
    if isinstance(error, OverflowError) and do != "start":
        return answers.BAD_DESCRIPTOR if do.startswith("send") else answers.BAD_VALUE
    return answers.ENCODE_FAILED


def refused_to_serialise(error):
    """Refused because no process is being started, or not serialisable at all."""
    deliberate = isinstance(error, RuntimeError) or "disallowed" in str(error)
    return answers.NOT_ALLOWED if deliberate else answers.ENCODE_FAILED


def refused_to_receive(error):
    """Unpickling can raise anything; the end of a stream is an EOFError that says nothing."""
    if isinstance(error, EOFError) and not error.args:
        return answers.EOF
    if isinstance(error, OverflowError):
        return answers.CORRUPT
    if isinstance(error, AuthenticationError):
        # What came is fetched from elsewhere, by a key.
        return answers.AUTH_FAILED
    return answers.DECODE_FAILED


def by_type(error):
    for kind, meant in BY_TYPE:
        if isinstance(error, kind):
            return meant
    return answers.OTHER
