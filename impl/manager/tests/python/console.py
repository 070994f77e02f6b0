"""A Python that does what it is told: each line of standard input is JSON text of code, and is answered by one line.

`= REPR` is the value of an expression, or None of a statement; `! MODULE.CLASS: TEXT` the error that it raised.
"""
import json
import multiprocessing
import multiprocessing.connection
import multiprocessing.managers
import multiprocessing.reduction
import os
import queue
import sys
import threading
import traceback

from multiprocessing.connection import Client, Listener
from multiprocessing.managers import BaseManager, SyncManager


class Oddity:
    """Methods that end in every way a method of a managed object can end."""

    def fail(self, name, *args):
        raise getattr(__builtins__, name)(*args)

    def lock(self):
        return threading.Lock()

    def echo(self, *args, **kwargs):
        return [args, kwargs]


class Cell:
    """One value, which can be exchanged in one step as our own server's objects can."""

    def __init__(self, value):
        self.value = value
        self.lock = threading.Lock()

    def get(self):
        return self.value

    def meddle(self, value):
        """Stores a value just before the next exchange, once."""
        self.meddling = [value]

    def compare_exchange(self, expected, new):
        with self.lock:
            if getattr(self, 'meddling', None):
                self.value = self.meddling.pop()
            present, stores = self.value, self.value == expected
            if stores:
                self.value = new
            return stores, present


class Odd(SyncManager):
    """A manager of CPython's own types and some of its user's."""


Odd.register('Oddity', Oddity)
Odd.register('Cell', Cell)


def main():
    names = dict(globals())
    for line in sys.stdin:
        code = json.loads(line)
        try:
            try:
                compiled = compile(code, '<console>', 'eval')
            except SyntaxError:
                exec(compile(code, '<console>', 'exec'), names)
                answer = '= None'
            else:
                answer = '= ' + repr(eval(compiled, names))
        except BaseException as error:
            kind = type(error)
            answer = '! %s.%s: %s' % (kind.__module__, kind.__name__, error)
        print(answer.replace('\n', '\\n'), flush=True)
    # The end of the input is the end of the manager, if one was started.
    manager = names.get('manager')
    if manager is not None and hasattr(manager, 'shutdown'):
        manager.shutdown()


if __name__ == '__main__':
    main()
