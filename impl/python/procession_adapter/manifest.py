"""What CPython's multiprocessing offers."""

import sys

METHODS = ["fork", "spawn", "forkserver"]
PIPES = ["pipe", "stream_pipe", "os_pipe"]


def manifest():
    from .calls import CALLS
    from .creation import MAKERS
    from .creation_manager import MANAGED

    return {
        "name": "cpython",
        "version": sys.version.split()[0],
        "language": "Python",
        "methods": METHODS,
        "objects": sorted(PIPES + list(MAKERS) + ["managed_" + kind for kind in MANAGED]),
        "calls": sorted(CALLS),
        "claims": ["cpython_wire", "processes", "raising_signals"],
        # Puts of different processes are not ordered by anything: each has a buffer of its own.
        "queue_level": "producer_fifo",
        "tick_ms": 0,
    }
