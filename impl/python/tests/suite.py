"""A small suite side for the tests: plays the suite to one adapter, run by run."""

import ctypes
import json
import mmap
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, ROOT)

from procession_adapter import answers  # noqa: E402

# A shell starts what runs in the background with this one ignored, and so would be all that the adapter starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

NAMES = {number: name.lower() for name, number in vars(answers).items() if name.isupper() and name != "DONE"}
RECORDS = 4096

# No message of a sound adapter takes anything like as long; a test that waits longer has failed.
LIMIT_S = 60


class Answer:
    """What a step's return record, item records and text say."""

    def __init__(self, outcome, value, aux):
        self.outcome = outcome
        self.value = value
        self.aux = aux
        self.text = None
        self.items = []

    def __repr__(self):
        return "%s value=%d aux=%#x text=%r items=%r" % (
            self.outcome, self.value, self.aux, self.text, self.items)


class Result:
    """What one run showed: answers by worker and step, how main ended, what was written."""

    def __init__(self):
        self.answers = {}
        self.called = {}
        self.pids = {}
        self.tids = {}
        self.done = set()
        self.status = None
        self.error = None
        self.stdout = ""
        self.stderr = ""

    def of(self, worker, step):
        return self.answers[worker].get(step)


class Connection:
    """A connection accepted by the suite, with what has been received of the next message."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = b""
        self.worker = None
        self.pid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def receive(self):
        """The whole messages that have arrived, or None at the end."""
        chunk = self.sock.recv(1 << 16)
        if not chunk:
            return None
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        return [json.loads(line.decode()) for line in lines]

    def say(self, message):
        self.sock.sendall(json.dumps(message).encode() + b"\n")


class Suite:
    """Starts an adapter and runs scripts on it. `transcript` collects what was said, if given."""

    def __init__(self, command, transcript=None):
        # Orphans of runs come to us, as they come to the suite, so that none is left behind.
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        self.directory = tempfile.mkdtemp(prefix="procession-")
        self.transcript = transcript
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.path.join(self.directory, "socket"))
        self.listener.listen(16)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        environment = dict(os.environ, PROCESSION_SOCKET=os.path.join(self.directory, "socket"))
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        self.control = None
        self.number = 0
        self.inbox = []
        self.hello = self.next_control()
        self.say(self.control, {"t": "welcome", "protocol": 1, "implementation": "under-test"})

    def close(self):
        """Says goodbye; returns the adapter's exit status."""
        self.say(self.control, {"t": "bye"})
        status = self.process.wait(LIMIT_S)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
        shutil.rmtree(self.directory)
        return status

    def say(self, connection, message):
        self.note("<", message)
        connection.say(message)

    def note(self, direction, message):
        if self.transcript is not None:
            self.transcript.append((direction, message))

    def events(self):
        """Waits, and returns (connection, message) pairs; None for a connection's end."""
        ready = self.selector.select(LIMIT_S)
        if not ready:
            raise AssertionError("nothing was heard of the adapter for %d s" % LIMIT_S)
        found = []
        for key, _ in ready:
            if key.data is None:
                connection = Connection(self.listener.accept()[0])
                if self.control is None:
                    self.control = connection
                self.selector.register(connection.sock, selectors.EVENT_READ, connection)
                continue
            try:
                messages = key.data.receive()
            except ConnectionResetError:
                messages = None
            if messages is None:
                self.selector.unregister(key.data.sock)
                key.data.sock.close()
                found.append((key.data, None))
                continue
            for message in messages:
                self.note(">", message)
                found.append((key.data, message))
        return found

    def next_control(self):
        # Two messages may come in one piece: the end of a main worker, and that all is clean.
        while not self.inbox:
            self.inbox.extend(message for connection, message in self.events() if connection is self.control)
        message = self.inbox.pop(0)
        if message is None:
            raise AssertionError("the adapter closed its control connection")
        return message

    def run(self, script, until=None, on_gate=None):
        """Runs a script to its end. `until(result)` ends it early; `on_gate(result, worker, step)`
        is asked before each `go` and may act meanwhile."""
        self.number += 1
        name = str(self.number)
        directory = os.path.join(self.directory, "run-" + name)
        os.mkdir(directory)
        with open(os.path.join(directory, "words"), "wb") as file:
            file.write(bytes(512))
        for worker in script["workers"]:
            with open(os.path.join(directory, worker["name"] + ".history"), "wb") as file:
                file.write(b"PROCHIS1" + bytes(56 + 32 * RECORDS))
        result = Result()
        self.say(self.control, {"t": "run", "run": name, "directory": directory, "script": script})
        self.serve(name, directory, script, result, until, on_gate)
        self.say(self.control, {"t": "teardown", "run": name})
        while True:
            message = self.next_control()
            if message["t"] == "clean":
                break
            # The end of the main worker may cross the teardown.
            assert message["t"] == "ended", message
        self.read(directory, script, result)
        shutil.rmtree(directory)
        return result

    def serve(self, name, directory, script, result, until, on_gate):
        together = {w["name"] for w in script["workers"] if not w.get("explicit") and not w.get("bodiless")}
        steps = {w["name"]: w["steps"] for w in script["workers"]}
        waiting = []
        over = False
        # What else has come together with the end still counts.
        while not over and (until is None or not until(result)):
            for connection, message in self.events():
                if message is None:
                    assert connection is not self.control, "the adapter is gone"
                    continue
                kind = message["t"]
                if connection is self.control:
                    over = True
                    if kind == "ended":
                        result.status = message["status"]
                    else:
                        assert kind == "error", message
                        result.error = message
                    continue
                if kind == "worker":
                    connection.worker = message["name"]
                    result.pids[message["name"]] = connection.pid
                    result.tids[message["name"]] = message["tid"]
                    if message["name"] not in together:
                        self.arm(connection, directory, steps)
                        continue
                    waiting.append(connection)
                    if len(waiting) == len(together):
                        for ready in waiting:
                            self.arm(ready, directory, steps)
                elif kind == "at":
                    if on_gate is not None:
                        self.read(directory, script, result)
                        on_gate(result, connection.worker, message["step"])
                    self.say(connection, {"t": "go"})
                elif kind == "text":
                    result.answers.setdefault("texts", {})[connection.worker, message["step"]] = message["text"]
                elif kind == "done":
                    result.done.add(connection.worker)

    def arm(self, connection, directory, steps):
        history = os.path.join(directory, connection.worker + ".history")
        at_ns = time.monotonic_ns() + 2000000
        self.say(connection, {"t": "arm", "at_ns": at_ns, "history": history, "steps": steps[connection.worker]})

    def read(self, directory, script, result):
        """Reads the histories and standard streams of the run into the result."""
        texts = result.answers.get("texts", {})
        for worker in script["workers"]:
            name = worker["name"]
            result.answers[name], result.called[name] = read_history(os.path.join(directory, name + ".history"))
            for step, answer in result.answers[name].items():
                answer.text = texts.get((name, step))
        for stream in ("stdout", "stderr"):
            path = os.path.join(directory, stream)
            if os.path.exists(path):
                with open(path) as file:
                    setattr(result, stream, file.read())


def read_history(path):
    """(answers by step, steps called) of a history file."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    found, called, items = {}, [], []
    for number in range(RECORDS):
        t_ns, value, aux, step, phase, outcome, seal = struct.unpack_from("<QqQHBBI", data, 64 + 32 * number)
        if seal != number + 1:
            assert seal == 0, "the seal of record %d is %d" % (number, seal)
            break
        assert t_ns > 0
        if phase == 0:
            assert (value, aux, outcome) == (0, 0, 0)
            called.append(step)
        elif phase == 2:
            items.append((value, aux))
        else:
            answer = found[step] = Answer(NAMES[outcome], value, aux)
            answer.items, items = items, []
    return found, called
