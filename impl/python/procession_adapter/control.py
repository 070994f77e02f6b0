"""The control process: talks to the suite, forks the main worker of each run, cleans up after it.

It uses nothing of multiprocessing itself, so that every run finds the library untouched. The main
worker leads a process group of its own, in which all processes of the run stay.
"""

import json
import os
import select
import signal
import socket
import time
import traceback

from . import manifest
from .lines import Lines

SOCKET = "PROCESSION_SOCKET"

# How long teardown waits for killed processes to vanish and for the resource tracker to remove the
# names that they left.
PATIENCE_S = 5.0


class Run:
    """A run under way, in the control process."""

    def __init__(self, name, pid):
        self.name = name
        self.pid = pid
        self.ended = False
        self.failed = False


class Control:
    """The control connection and what arrives beside it: ended children, errors of workers."""

    def __init__(self):
        self.path = os.environ[SOCKET]
        self.lines = Lines(self.path)
        # Workers report here what they cannot report to the suite; abstract, so it leaves no file.
        self.address = b"\0procession-python-%d" % os.getpid()
        self.reports = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.reports.bind(self.address)
        self.wake_read, self.wake_write = socket.socketpair()
        for end in (self.wake_read, self.wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self.wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self.run = None

    def wait(self):
        """The suite's next message, or None at its end; looks after the run meanwhile."""
        while not self.lines.has_line():
            ready, _, _ = select.select([self.lines.socket, self.reports, self.wake_read], [], [])
            if self.reports in ready:
                self.pass_on(json.loads(self.reports.recv(65536).decode()))
            if self.wake_read in ready:
                self.wake_read.recv(4096)
                self.look_at_main()
            if self.lines.socket in ready:
                break
        return self.lines.read()

    def pass_on(self, report):
        """Tells the suite what a worker could not: at most one error a run."""
        if self.run is not None and report["run"] == self.run.name and not self.run.failed:
            self.run.failed = True
            self.lines.say(dict(report, t="error"))

    def look_at_main(self):
        run = self.run
        if run is None or run.ended:
            return
        pid, status = os.waitpid(run.pid, os.WNOHANG)
        if pid == 0:
            return
        run.ended = True
        if not run.failed:
            self.lines.say({"t": "ended", "run": run.name, "status": exit_status(status)})

    def start(self, message):
        """Forks the main worker; returns its ticket in the new process, None in this one."""
        ticket = {
            "run": message["run"],
            "worker": "main",
            "directory": message["directory"],
            "script": message["script"],
            "socket": self.path,
            "errors": self.address,
        }
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            self.forget()
            return ticket
        try:
            os.setpgid(pid, pid)
        except OSError:
            # The child did it first, or is gone already.
            pass
        self.run = Run(message["run"], pid)
        return None

    def forget(self):
        """Makes a forked main worker what a fresh program would be."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        for thing in (self.lines, self.reports, self.wake_read, self.wake_write):
            thing.close()
        del os.environ[SOCKET]

    def tear_down(self):
        """Kills what is left of the run and reaps the main worker."""
        run, self.run = self.run, None
        if run is None:
            return
        if not run.ended:
            os.kill(run.pid, signal.SIGKILL)
            os.waitpid(run.pid, 0)
        deadline = time.monotonic() + PATIENCE_S
        left = members(run.pid)
        while left and time.monotonic() < deadline:
            # The resource tracker goes by itself, after the others, and removes their names.
            for pid in [pid for pid, is_tracker in left if not is_tracker]:
                kill(pid)
            time.sleep(0.002)
            left = members(run.pid)
        for pid, _ in left:
            kill(pid)


def serve():
    """Serves the suite until it says goodbye (None), or returns a main worker's ticket in its process."""
    control = Control()
    control.lines.say({"t": "hello", "protocol": [1], "manifest": manifest.manifest()})
    while True:
        message = control.wait()
        kind = message["t"] if message is not None else "bye"
        if kind == "bye":
            control.tear_down()
            return None
        if kind == "run":
            try:
                ticket = control.start(message)
            except Exception:
                report = {"run": message["run"], "what": "adapter", "detail": traceback.format_exc()}
                control.lines.say(dict(report, t="error"))
                continue
            if ticket is not None:
                return ticket
        elif kind == "teardown":
            control.tear_down()
            control.lines.say({"t": "clean", "run": message["run"]})
        elif kind != "welcome":
            raise ValueError("the suite sent a message of the unknown type %r" % kind)


def exit_status(status):
    """A wait status as the suite wants it: an exit code, or a negative signal."""
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def members(group):
    """The living processes of a process group: (pid, whether it is the resource tracker)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    state, _, process_group = file.read().rpartition(b")")[2].split()[:3]
                if int(process_group) != group or state in (b"Z", b"X"):
                    continue
                with open("/proc/%s/cmdline" % name, "rb") as file:
                    found.append((int(name), b"multiprocessing.resource_tracker" in file.read()))
            except OSError:
                # It ended while we looked.
                continue
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
