"""Answers to calls: the outcomes by their numbers in history files, and how answers are made.

An answer is (outcome, value, aux, text, items); `items` are further pairs of value and aux.
"""

from .items import fingerprint, identity

OK = 1
ABSENT = 2
EMPTY = 3
FULL = 4
TIMEOUT = 5
EOF = 6
BROKEN_PIPE = 7
CLOSED = 8
NOT_OWNER = 9
OVER_RELEASE = 10
BROKEN_BARRIER = 11
OWNER_DIED = 12
AUTH_FAILED = 13
TOO_LONG = 14
BUFFER_TOO_SHORT = 15
MISUSE = 16
BAD_VALUE = 17
BAD_TYPE = 18
ENCODE_FAILED = 19
DECODE_FAILED = 20
CORRUPT = 21
EXHAUSTED = 22
WRONG_DIRECTION = 23
STILL_RUNNING = 24
NOT_ALLOWED = 25
BAD_DESCRIPTOR = 26
PEER_DIED = 27
NAME_TAKEN = 28
NAME_MISSING = 29
ACTION_FAILED = 30
INTERRUPTED = 31
KEY_MISSING = 32
OUT_OF_RANGE = 33
ATTRIBUTE_MISSING = 34
FINISHED = 35
REMOTE_ERROR = 36
REFUSED = 37
UNSUPPORTED = 254
OTHER = 255

DONE = (OK, 0, 0, None, ())


def outcome(number, text=None):
    return (number, 0, 0, text, ())


def number(value):
    return (OK, int(value), 0, None, ())


def number_or_absent(value):
    return outcome(ABSENT) if value is None else number(value)


def text(value):
    return outcome(ABSENT) if value is None else (OK, 0, 0, value, ())


def received(value):
    return (OK, identity(value), fingerprint(value), None, ())
