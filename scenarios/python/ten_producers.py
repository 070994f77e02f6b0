"""Ten producers put one result each into one queue; the main process joins them, then takes the results."""
from multiprocessing import Process, Queue

from pauses import pause


def produce(number, queue):
    pause()
    queue.put(number * number)


def main():
    queue = Queue()
    producers = [Process(target=produce, args=(number, queue)) for number in range(10)]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    for _ in producers:
        print(f"Result: {queue.get()}")


if __name__ == "__main__":
    main()
