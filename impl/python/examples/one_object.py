"""A whole adapter for one object: a queue made of a pair of sockets that keep messages apart.

Run it with `procession check 'python3 one_object.py'`. It forks for every worker, maps nothing, and
writes its records with one `pwrite` each. What it cannot do it does not list in its manifest.
"""

import contextlib, json, os, select, signal, socket, struct, threading, time, zlib

OK, EMPTY, UNSUPPORTED = 1, 3, 254
MANIFEST = {"name": "socket-queue", "version": "1", "language": "Python", "methods": ["fork"],
            "objects": ["queue"], "calls": ["put", "get", "empty"], "queue_level": "linearizable_fifo"}


def connect():
    end = socket.socket(socket.AF_UNIX)
    end.connect(os.environ["PROCESSION_SOCKET"])
    return end, end.makefile(encoding="utf-8")


def say(end, **message):
    end.sendall(json.dumps(message).encode() + b"\n")


def canonical(item):
    """The canonical form of an item, which is what the queue carries."""
    number, length = item["id"], item.get("len", 0)
    tail = [(number + index) % 251 for index in range(8, length)]
    form = {
        "int": b"I%d" % number,
        "none": b"N",
        "text": b"T" + (b"%d:" % number).ljust(length, b".")[:length],
        "bytes": b"B" + (struct.pack("<q", number) + bytes(tail))[:length],
    }
    elements = [form["int"], b"F" + struct.pack("<d", 2.25), b"N"]
    form["list"] = b"L" + b"".join(struct.pack("<I", len(one)) + one for one in elements)
    return form.get(item.get("kind", "int"))


def identity(form):
    """The id in a canonical form."""
    kind, rest = form[:1], form[1:]
    if kind == b"B":
        return struct.unpack_from("<q", rest)[0] if len(rest) >= 8 else 0
    if kind == b"L":
        return identity(rest[4 : 4 + struct.unpack_from("<I", rest)[0]])
    digits = rest.split(b":")[0]
    return int(digits) if kind in b"IT" and digits.isdigit() else 0


def call(ends, step):
    """One call; (outcome, value, aux)."""
    form = canonical(step["item"]) if step["do"] == "put" else None
    if ends is None or not (form or step["do"] in ("get", "empty")):
        return UNSUPPORTED, 0, 0
    if form:
        ends[1].send(form)
        return OK, 0, 0
    wait_ms = step.get("timeout_ms")
    if step["do"] == "empty" or not step.get("block", True):
        wait_ms = 0
    poll = select.poll()
    poll.register(ends[0], select.POLLIN)
    ready = poll.poll(None if wait_ms is None else max(wait_ms, 0))
    if step["do"] == "empty":
        return OK, int(not ready), 0
    try:
        # Without a limit this waits; with one, somebody else may have been faster than we.
        form = ends[0].recv(1 << 20, 0 if wait_ms is None else socket.MSG_DONTWAIT)
    except BlockingIOError:
        return EMPTY, 0, 0
    return OK, identity(form), len(form) << 32 | zlib.crc32(form)


def work(run, name, queues):
    """What every worker does, in its own process."""
    suite, lines = connect()
    say(suite, t="worker", run=run, name=name, tid=threading.get_native_id())
    arm = json.loads(lines.readline())
    history, records = os.open(arm["history"], os.O_WRONLY), 0

    def record(*fields):
        nonlocal records
        os.pwrite(history, struct.pack("<QqQHBBI", *fields, records + 1), 64 + 32 * records)
        records += 1

    time.sleep(max(0, arm["at_ns"] - time.monotonic_ns()) / 1e9)
    for index, step in enumerate(arm["steps"]):
        if step.get("gate"):
            say(suite, t="at", step=index)
            lines.readline()
        record(time.monotonic_ns(), 0, 0, index, 0, 0)
        outcome, value, aux = call(queues.get(step.get("on", "")), step)
        record(time.monotonic_ns(), value, aux, index, 1, outcome)
    say(suite, t="done")


def main_worker(message):
    """The main worker's process: the objects, the other workers, then its own steps."""
    script = message["script"]
    pair = lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    queues = {spec["name"]: pair() for spec in script["objects"]}
    children = []
    for worker in script["workers"][1:]:
        child = os.fork()
        if child == 0:
            work(message["run"], worker["name"], queues)
            os._exit(0)
        children.append(child)
    work(message["run"], "main", queues)
    for child in children:
        os.waitpid(child, 0)


def watch(run, main):
    """Reaps the main worker's process and says how it ended."""
    _, status = os.waitpid(main, 0)
    status = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    say(control, t="ended", run=run, status=status)


control, lines = connect()
say(control, t="hello", protocol=[1], manifest=MANIFEST)
for line in lines:
    message = json.loads(line)
    if message["t"] == "run":
        main = os.fork()
        if main == 0:
            os.setpgid(0, 0)
            main_worker(message)
            os._exit(0)
        with contextlib.suppress(OSError):
            os.setpgid(main, main)  # whoever comes first, the group is there before a teardown
        watcher = threading.Thread(target=watch, args=(message["run"], main))
        watcher.start()
    elif message["t"] == "teardown":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(main, signal.SIGKILL)
        watcher.join()
        say(control, t="clean", run=message["run"])
    elif message["t"] == "bye":
        break
