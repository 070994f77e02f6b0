"""Two processes count who enters a hall and who leaves it, and write into its log: a plain list, a managed one,
and with the count changed in one step.

`entrance_and_exit exit COMMAND…` has those who leave counted by another program, `both COMMAND…` all: by this one,
or by its twin in Rust. It is told `visitor enter|leave ROUND ADDRESS`.
"""
import subprocess
import sys
from multiprocessing import Process, current_process
from multiprocessing.managers import Namespace, NamespaceProxy, RemoteError, SyncManager

from pauses import pause

# What all programs know. One that is not a story takes it from a file that only its user can read.
KEY = b"open sesame"
ROUNDS = ["plain list", "managed list", "one step"]
TIMES = 10

HALL = Namespace()


def one_hall():
    return HALL


class Manager(SyncManager):
    """The types that every manager has, and one hall for all who ask for it."""


Manager.register("hall", callable=one_hall, proxytype=NamespaceProxy)


def visit(way, kind, hall):
    word, amount = ("Entered", 1) if way == "enter" else ("Left", -1)
    for number in range(1, TIMES + 1):
        pause()
        if kind == "one step":
            add(hall, amount)
        else:
            hall.count += amount  # a read and a write: the other may write between them
        hall.log.append("%s %d" % (word, number))  # of a plain list, to a copy


def add(hall, amount):
    try:
        hall._callmethod("fetch_add", ("count", amount))
    except RemoteError:  # a server of CPython: there all of them take a lock
        with hall.lock:
            hall.count += amount


def start(way, kind, hall, program):
    if program is None:
        process = Process(target=visit, args=(way, kind, hall))
        process.start()
        return process.join
    return subprocess.Popen(program + ["visitor", way, kind, "unix:" + hall._token.address]).wait


def main(who="nobody", *program):
    program = list(program) or None
    with Manager() as manager:
        hall = manager.hall()
        for kind in ROUNDS:
            hall.count, hall.lock = 0, manager.Lock()
            hall.log = [] if kind == "plain list" else manager.list()
            entrance = start("enter", kind, hall, program if who == "both" else None)
            leaving = start("leave", kind, hall, program)
            entrance()
            leaving()
            report(kind, hall)


def report(kind, hall):
    print(kind)
    if kind == "plain list":
        print("  log:", hall.log)
        return
    log = hall.log[:]
    print("  entries:", len(log))
    for word in ["Entered", "Left"]:
        print("  %s: %s" % (word, " ".join(entry.split()[1] for entry in log if entry.startswith(word))))
    if kind == "one step":
        print("  count:", hall.count)


def visitor(way, kind, address):
    manager = Manager(address=address.partition(":")[2])
    manager.connect()
    visit(way, kind, manager.hall())


if __name__ == "__main__":
    current_process().authkey = KEY
    if sys.argv[1:2] == ["visitor"]:
        visitor(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
