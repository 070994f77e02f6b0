"""Three workers meet at a barrier, three times; nobody goes on before all have come."""

from multiprocessing import Array, Barrier, Process

WORKERS, ROUNDS = 3, 3


class Announce:
    """What the barrier does once per round: it counts the rounds."""

    def __init__(self, rounds):
        self.rounds = rounds

    def __call__(self):
        self.rounds[0] += 1


def work(barrier, come, early, first):
    for number in range(ROUNDS):
        with come.get_lock():
            come[number] += 1
        index = barrier.wait()
        if come[number] < WORKERS:
            early[number] += 1
        if index == 0:
            first[number] += 1


if __name__ == "__main__":
    rounds = Array("i", 1)
    barrier = Barrier(WORKERS, Announce(rounds))
    come, early, first = (Array("i", ROUNDS) for _ in range(3))
    workers = [Process(target=work, args=(barrier, come, early, first)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for number in range(ROUNDS):
        print(f"round {number + 1}: {come[number]} came, {early[number]} went on early, {first[number]} was first")
    print("rounds announced:", rounds[0])
