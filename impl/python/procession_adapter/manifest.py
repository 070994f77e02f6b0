"""What CPython's multiprocessing offers."""

import sys

METHODS = ["fork", "spawn", "forkserver"]
PIPES = ["pipe", "stream_pipe", "os_pipe"]


def manifest():
    from .calls import CALLS
    from .creation import MAKERS

    return {
        "name": "cpython",
        "version": sys.version.split()[0],
        "language": "Python",
        "methods": METHODS,
        "objects": sorted(PIPES + list(MAKERS)),
        "calls": sorted(CALLS),
        "claims": ["cpython_wire", "processes", "raising_signals"],
        # Puts of different processes are not ordered by anything: each has a buffer of its own.
        "queue_level": "producer_fifo",
        "tick_ms": 0,
    }
