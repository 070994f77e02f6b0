"""Three workers wait at a door until it is opened; it stays open for whoever comes later."""

from multiprocessing import Event, Process, Value

WORKERS = 3


def walk(door, passed):
    if door.wait(30):
        with passed.get_lock():
            passed.value += 1


if __name__ == "__main__":
    door, passed = Event(), Value("i", 0)
    workers = [Process(target=walk, args=(door, passed)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    print(f"closed: {passed.value} have passed")
    door.set()
    for worker in workers:
        worker.join()
    late = Process(target=walk, args=(door, passed))
    late.start()
    late.join()
    print(f"open: {passed.value} have passed")
    door.clear()
    print("closed again:", "yes" if not door.wait(0.01) else "no")
