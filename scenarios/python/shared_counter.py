"""Four workers add to a shared counter, a thousand times each: within its lock, and without."""

from multiprocessing import Process, Value

WORKERS, TIMES = 4, 1000


def add_within_the_lock(counter):
    for _ in range(TIMES):
        with counter.get_lock():
            counter.value += 1


def add_without_it(counter):
    for _ in range(TIMES):
        # A read and a write: another worker may write between them.
        counter.value += 1


def total(work):
    counter = Value("i", 0)
    workers = [Process(target=work, args=(counter,)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return counter.value


if __name__ == "__main__":
    print("within its lock:", total(add_within_the_lock))
    print("without it, no more than that:", "yes" if 0 < total(add_without_it) <= WORKERS * TIMES else "no")
