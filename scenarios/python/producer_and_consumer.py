"""A producer sends a conversation through a duplex pipe; a consumer prints it until END."""
from multiprocessing import Pipe, Process

from pauses import pause

CONVERSATION = ["hello", "are you there?", "hey", "LOL", "K", "THX", "Bye!", "END"]


def produce(connection):
    for message in CONVERSATION:
        pause()
        connection.send(message)
    connection.close()


def consume(connection):
    while True:
        message = connection.recv()
        if message == "END":
            break
        print(f"Message Received: {message}", flush=True)
    connection.close()


def main():
    there, here = Pipe()
    producer = Process(target=produce, args=(there,))
    consumer = Process(target=consume, args=(here,))
    producer.start()
    consumer.start()
    producer.join()
    consumer.join()
    print("done")


if __name__ == "__main__":
    main()
