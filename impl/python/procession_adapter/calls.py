"""Every call that CPython offers, by its name in scripts.

Each entry takes the worker and the step and returns what to call, how to read the result (None: the
answer is `ok`), and the target, by which errors are understood.
"""

import multiprocessing

from . import (
    calls_blocks,
    calls_data,
    calls_library,
    calls_list,
    calls_listener,
    calls_manager,
    calls_object,
    calls_pipe,
    calls_process,
    calls_queue,
    calls_self,
    calls_stream,
    calls_sync,
    calls_values,
)
from .answers import ABSENT, outcome
from .targets import NotOffered

CALLS = {
    **calls_queue.CALLS,
    **calls_pipe.CALLS,
    **calls_object.CALLS,
    **calls_stream.CALLS,
    **calls_sync.CALLS,
    **calls_values.CALLS,
    **calls_blocks.CALLS,
    **calls_list.CALLS,
    **calls_manager.CALLS,
    **calls_data.CALLS,
    **calls_listener.CALLS,
    **calls_process.CALLS,
    **calls_library.CALLS,
    **calls_self.CALLS,
}


def prepare(worker, step):
    """(call, read, target) of a step."""
    make = CALLS.get(step["do"])
    if make is None:
        raise NotOffered("CPython's multiprocessing has no call %r" % step["do"])
    if step.get("on") == "parent" and multiprocessing.parent_process() is None:
        return multiprocessing.parent_process, lambda result: outcome(ABSENT), None
    return make(worker, step)
