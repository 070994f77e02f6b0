"""Calls on OS pipes, and pipelines of programs."""

import os
import subprocess
import threading

from .answers import EOF, OK, number, outcome
from .items import fingerprint, raw_bytes
from .targets import offered


def write(worker, step):
    target = worker.target(step["on"])
    fileno, data = offered(target, "fileno"), raw_bytes(step["item"])
    return (lambda: os.write(fileno(), data)), number, target


def read(worker, step):
    target = worker.target(step["on"])
    fileno, most = offered(target, "fileno"), step["max"]

    def exactly():
        data = b""
        while len(data) < most:
            chunk = os.read(fileno(), most - len(data))
            if not chunk:
                break
            data += chunk
        return data

    call = exactly if step.get("exactly") else lambda: os.read(fileno(), most)
    return call, lambda data: bytes_read(data, most), target


def bytes_read(data, most):
    if not data and most > 0:
        return outcome(EOF)
    return (OK, len(data), fingerprint(data), None, ())


def pipeline(worker, step):
    stages, text = step["stages"], step.get("input")

    def call():
        started = []
        try:
            for stage in stages:
                source = started[-1].stdout if started else subprocess.PIPE
                if not started and text is None:
                    source = subprocess.DEVNULL
                started.append(subprocess.Popen(stage, stdin=source, stdout=subprocess.PIPE))
                if len(started) > 1:
                    # Only the next stage may hold the reading end, or the last writer never ends.
                    started[-2].stdout.close()
        except OSError:
            abandon(started)
            raise
        return run(started, text)

    return call, read_pipeline, None


def run(started, text):
    """Feeds the first program, reads the last one, waits for all."""
    feeder = None
    if text is not None:
        feeder = threading.Thread(target=feed, args=(started[0].stdin, text.encode()))
        feeder.start()
    with started[-1].stdout as output:
        result = output.read()
    if feeder is not None:
        feeder.join()
    return result.decode("utf-8", "replace"), [program.wait() for program in started]


def feed(pipe, data):
    try:
        with pipe:
            pipe.write(data)
    except BrokenPipeError:
        # The program did not want to read all of it, which is its right.
        pass


def abandon(started):
    for program in started:
        program.kill()
        for stream in (program.stdin, program.stdout):
            if stream is not None:
                stream.close()
        program.wait()


def read_pipeline(result):
    output, codes = result
    return (OK, 0, 0, output, tuple((code, 0) for code in codes))


CALLS = {"write": write, "read": read, "pipeline": pipeline}
