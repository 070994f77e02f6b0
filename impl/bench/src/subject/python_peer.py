"""Measures CPython's multiprocessing, or faster-fifo, and prints one line: value, missing or failed.

Arguments: what, its size or method, how many pairs, how long in seconds. Runs on CPython 3.8 and later.
"""

import ctypes
import mmap
import multiprocessing
import os
import signal
import statistics
import struct
import sys
import time

END = 2**64 - 1
# One word per consumer, one per producer, then the flag that ends the run: 8 bytes each.
RECEIVED, SENT, STOP = 0, 16, 32
# How often a producer looks how far it is ahead of the consumers, and how far it may be, in messages.
PACE, MOST_AHEAD = 64, 4096


class Missing(Exception):
    """What was asked for is not installed."""


def follow(role, *arguments):
    """Plays a role that dies with this process."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    role(*arguments)


def total(shared, at, pairs):
    return sum(struct.unpack_from(f"<{pairs}Q", shared, at))


def stamp(message, number, producer):
    struct.pack_into("<QQ", message, 0, number, producer)
    return bytes(message)


def produce(shared, producer, put, size, pairs):
    message = bytearray(b"Z" * size)
    number = 0
    while not shared[STOP]:
        put(stamp(message, number, producer))
        number += 1
        # What a queue's feeder thread has not sent yet piles up, and a producer that never rests keeps the
        # interpreter's lock from it: then next to nothing arrives. So CPython gets the pace that suits it.
        while number % PACE == 0 and not shared[STOP]:
            if number * pairs - total(shared, RECEIVED, pairs) <= MOST_AHEAD:
                break
            time.sleep(0.0002)
    struct.pack_into("<Q", shared, SENT + 8 * producer, number)
    put(stamp(message, END, producer))


def consume(shared, consumer, get, size, pairs):
    due = [0] * pairs
    count = 0
    while True:
        message = get()
        number, producer = struct.unpack_from("<QQ", message)
        if len(message) != size:
            raise ValueError(f"a message of {len(message)} bytes instead of {size}")
        if number == END:
            return
        if number < due[producer] or (pairs == 1 and number != due[producer]):
            raise ValueError(f"message {number} where {due[producer]} was due")
        due[producer] = number + 1
        count += 1
        struct.pack_into("<Q", shared, RECEIVED + 8 * consumer, count)


def stream(put, get, size, pairs, seconds):
    """Messages per second within a window, away from both ends."""
    shared = mmap.mmap(-1, 4096)
    fork = multiprocessing.get_context("fork")
    roles = [fork.Process(target=follow, args=(produce, shared, n, put, size, pairs)) for n in range(pairs)]
    roles += [fork.Process(target=follow, args=(consume, shared, n, get, size, pairs)) for n in range(pairs)]
    for role in roles:
        role.start()

    while total(shared, RECEIVED, pairs) == 0 and all(role.exitcode is None for role in roles):
        time.sleep(0.001)
    time.sleep(seconds / 4)
    before, began = total(shared, RECEIVED, pairs), time.perf_counter()
    time.sleep(seconds)
    after, ended = total(shared, RECEIVED, pairs), time.perf_counter()
    shared[STOP] = 1
    for role in roles:
        role.join()
    if any(role.exitcode for role in roles):
        raise RuntimeError("a role failed")
    sent, received = total(shared, SENT, pairs), total(shared, RECEIVED, pairs)
    if sent != received:
        raise RuntimeError(f"{sent} messages were sent and {received} received")
    return (after - before) / (ended - began)


def echo(get, put):
    while True:
        message = get()
        if message is None or not message:
            return
        put(message)


def stay_on(number):
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[number % len(cpus)]})


def round_trip(there, here, size, seconds):
    """The median round trip in nanoseconds; each argument is a pair of get and put."""

    def answer():
        stay_on(1)
        echo(*there)

    partner = multiprocessing.get_context("fork").Process(target=follow, args=(answer,))
    partner.start()
    stay_on(0)
    get, put = here
    message = b"Z" * size
    samples = []
    began = time.perf_counter()
    while time.perf_counter() - began < 1.25 * seconds:
        before = time.perf_counter_ns()
        put(message)
        if get() != message:
            raise ValueError("the answer is not the question")
        samples.append((time.perf_counter() - began, time.perf_counter_ns() - before))
    put(b"")
    partner.join()
    return statistics.median(took for at, took in samples if at > 0.25 * seconds)


def start(method, seconds):
    """The median time to start a process that does nothing and to wait for its end, in nanoseconds."""
    context = multiprocessing.get_context(method)
    samples = []
    began = None
    while began is None or len(samples) < 3 or time.perf_counter() - began < seconds:
        before = time.perf_counter_ns()
        process = context.Process(target=os.getpid)
        process.start()
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"a process that does nothing ended with {process.exitcode}")
        # The first one starts what serves the others.
        if began is None:
            began = time.perf_counter()
        else:
            samples.append(time.perf_counter_ns() - before)
    return statistics.median(samples)


def value(context):
    it = context.Value("q", 0)

    def enter():
        with it.get_lock():
            it.value += 1

    return enter, None


def pulse(context):
    it = context.Event()
    return it.set, it.clear


def pair(make):
    def open_it(context):
        it = make(context)
        return it.acquire, it.release

    return open_it


PRIMITIVES = {
    "lock": pair(lambda context: context.Lock()),
    "rlock": pair(lambda context: context.RLock()),
    "semaphore": pair(lambda context: context.Semaphore(1)),
    "event": pulse,
    "value": value,
}


def take_turns(enter, leave, shared, role, seconds):
    turns, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(256):
            enter()
            if leave is not None:
                leave()
        turns += 256
    struct.pack_into("<Qd", shared, 16 * role, turns, time.perf_counter() - began)


def turns(what, roles, seconds):
    """Nanoseconds for one turn, where so many processes take turns."""
    fork = multiprocessing.get_context("fork")
    shared = mmap.mmap(-1, 4096)
    enter, leave = PRIMITIVES[what](fork)
    arguments = (enter, leave, shared)
    players = [fork.Process(target=follow, args=(take_turns, *arguments, n, seconds)) for n in range(roles)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    if any(player.exitcode for player in players):
        raise RuntimeError("a role failed")
    told = [struct.unpack_from("<Qd", shared, 16 * role) for role in range(roles)]
    return 1e9 * max(took for _, took in told) / sum(count for count, _ in told)


def meet(barrier, shared, role, seconds):
    rounds, began = 0, time.perf_counter()
    while not shared[STOP]:
        for _ in range(16):
            barrier.wait()
        rounds += 17
        if role == 0 and time.perf_counter() - began >= seconds:
            shared[STOP] = 1
        barrier.wait()
    struct.pack_into("<Qd", shared, 16 * role, rounds, time.perf_counter() - began)


def rounds(seconds):
    """Nanoseconds for one round of a barrier between two processes."""
    fork = multiprocessing.get_context("fork")
    shared = mmap.mmap(-1, 4096)
    barrier = fork.Barrier(2)
    players = [fork.Process(target=follow, args=(meet, barrier, shared, n, seconds)) for n in range(2)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    if any(player.exitcode for player in players):
        raise RuntimeError("a role failed")
    count, took = struct.unpack_from("<Qd", shared, 0)
    return 1e9 * took / count


def measure(what, detail, pairs, seconds):
    if what == "turns":
        return turns(detail, pairs, seconds)
    if what == "barrier":
        return rounds(seconds)
    if what == "start":
        return start(detail, seconds)
    size = int(detail)
    # Without a bound, the fastest; large messages would pile up in the feeder's buffer.
    queue = lambda: multiprocessing.get_context("fork").Queue(0 if size <= 1024 else 32)
    if what == "queue":
        it = queue()
        return stream(it.put, it.get, size, pairs, seconds)
    if what == "pipe":
        receiver, sender = multiprocessing.Pipe(duplex=False)
        return stream(sender.send, receiver.recv, size, pairs, seconds)
    if what == "pipe-bytes":
        receiver, sender = multiprocessing.Pipe(duplex=False)
        return stream(sender.send_bytes, receiver.recv_bytes, size, pairs, seconds)
    if what == "queue-round-trip":
        forth, back = queue(), queue()
        return round_trip((forth.get, back.put), (back.get, forth.put), size, seconds)
    if what == "pipe-round-trip":
        first, second = multiprocessing.Pipe()
        return round_trip(
            (second.recv_bytes, second.send_bytes), (first.recv_bytes, first.send_bytes), size, seconds
        )
    if what == "faster-fifo":
        try:
            import faster_fifo
        except ImportError:
            raise Missing("no module faster_fifo") from None
        it = faster_fifo.Queue(max_size_bytes=max(8 << 20, 8 * size))
        endless = 1e6
        return stream(lambda m: it.put(m, timeout=endless), lambda: it.get(timeout=endless), size, pairs, seconds)
    raise ValueError(f"nothing is called {what}")


def main():
    what, detail, pairs, seconds = sys.argv[1:]
    try:
        print("value", measure(what, detail, int(pairs), float(seconds)), flush=True)
    except Missing as missing:
        print("missing", missing, flush=True)
    except Exception as error:
        print("failed", repr(error), flush=True)


if __name__ == "__main__":
    main()
