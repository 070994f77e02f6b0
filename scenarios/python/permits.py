"""Five workers share two permits: each works three times, and never are more than two at work."""

from multiprocessing import Process, Semaphore, Value

WORKERS, TIMES, PERMITS = 5, 3, 2


def work(permits, inside, most, served):
    for _ in range(TIMES):
        with permits:
            with inside.get_lock():
                inside.value += 1
                most.value = max(most.value, inside.value)
            with inside.get_lock():
                inside.value -= 1
                served.value += 1


if __name__ == "__main__":
    permits = Semaphore(PERMITS)
    inside = Value("i", 0)
    # The lock of the first protects the other two.
    most, served = Value("i", 0, lock=False), Value("i", 0, lock=False)
    workers = [Process(target=work, args=(permits, inside, most, served)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("turns:", served.value)
    print("never more at work than permits:", "yes" if 0 < most.value <= PERMITS else "no")
    print("permits left:", permits.get_value())
