"""Two producers and two consumers share a buffer of four places; a condition tells who has to wait."""

from multiprocessing import Array, Condition, Process, Value

PLACES, ITEMS, PAIRS = 4, 10, 2


def produce(first, changed, buffer, put, taken):
    for item in range(first, first + ITEMS):
        with changed:
            changed.wait_for(lambda: put.value - taken.value < PLACES)
            buffer[put.value % PLACES] = item
            put.value += 1
            changed.notify_all()


def consume(changed, buffer, put, taken, seen, most):
    for _ in range(ITEMS):
        with changed:
            changed.wait_for(lambda: put.value > taken.value)
            most.value = max(most.value, put.value - taken.value)
            seen[buffer[taken.value % PLACES]] += 1
            taken.value += 1
            changed.notify_all()


if __name__ == "__main__":
    changed = Condition()
    # The condition's lock protects them all, so they need none of their own.
    buffer, seen = Array("i", PLACES, lock=False), Array("i", PAIRS * ITEMS, lock=False)
    put, taken, most = (Value("i", 0, lock=False) for _ in range(3))
    workers = [Process(target=produce, args=(n * ITEMS, changed, buffer, put, taken)) for n in range(PAIRS)]
    workers += [Process(target=consume, args=(changed, buffer, put, taken, seen, most)) for _ in range(PAIRS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("items taken:", taken.value)
    print("each of them once:", "yes" if all(times == 1 for times in seen) else "no")
    print("never more than there are places:", "yes" if most.value <= PLACES else "no")
