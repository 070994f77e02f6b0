"""The server of a manager as another program, in place of multiprocessing's own: CPython's clients on it.

The program is named in the environment. It is told in one line of JSON what to serve and answers in one line:
`address`, or `error` with a kind and a text. It serves until a client asks for the end, or nobody is left who
might: it hears that its standard input ends.
"""

import errno
import json
import os
import subprocess

from . import endpoints
from .barrier_action import ActionFailed

COMMAND = os.environ.get("PROCESSION_MANAGER_SERVER")

ERRORS = {
    "address_in_use": lambda said: OSError(errno.EADDRINUSE, said),
    "bad_address": ValueError,
    "initializer": ActionFailed,
    "other": RuntimeError,
}


class Context:
    """A context of multiprocessing whose processes are servers: what a manager asks to start its own."""

    def __init__(self, context):
        self.context = context

    def Process(self, target, args):
        registry, address, key, serializer, writer, initializer, arguments = args
        return Program(address, key, initializer, arguments, writer)

    def __getattr__(self, name):
        return getattr(self.context, name)


class Program:
    """A server's process, as far as a manager asks it."""

    _identity = ()
    name = "server"

    def __init__(self, address, key, initializer=None, arguments=(), writer=None):
        directory, word = arguments or ("", None)
        self.request = {
            "address": None if address is None else endpoints.spoken(address),
            "key": bytes(key).hex(),
            "directory": directory,
            "initializer": None if initializer is None else "raises" if word is None else {"counts": word},
        }
        self.writer = writer
        self.popen = None

    def start(self):
        self.popen = subprocess.Popen([COMMAND, "manager", "adapter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.popen.stdin.write(json.dumps(self.request).encode() + b"\n")
        self.popen.stdin.flush()
        with self.popen.stdout as out:
            told = out.readline()
        answer = json.loads(told) if told else {"error": "other", "text": "the server has told nothing"}
        if "error" in answer:
            self.popen.stdin.close()
            self.popen.wait()
            raise ERRORS[answer["error"]](answer["text"])
        self.address = endpoints.understood(answer["address"])
        if self.writer is not None:
            self.writer.send(self.address)

    def serve_forever(self):
        """As a server in the foreground."""
        self.popen.wait()

    @property
    def pid(self):
        return self.popen.pid

    @property
    def exitcode(self):
        return self.popen.poll()

    def is_alive(self):
        return self.popen.poll() is None

    def join(self, timeout=None):
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            pass

    def terminate(self):
        self.popen.terminate()

    def kill(self):
        self.popen.kill()
