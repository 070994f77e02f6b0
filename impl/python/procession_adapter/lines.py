"""The protocol's messages: one JSON object a line over a Unix stream socket."""

import json
import socket


class Lines:
    """A connection to the suite. `read` returns None when the suite has closed it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.pending = b""

    def say(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def read(self):
        chunks = [self.pending]
        while b"\n" not in chunks[-1]:
            chunk = self.socket.recv(65536)
            if not chunk:
                return None
            chunks.append(chunk)
        line, self.pending = b"".join(chunks).split(b"\n", 1)
        return json.loads(line.decode())

    def has_line(self):
        """Whether a whole message has been received already, so that `read` will not wait."""
        return b"\n" in self.pending

    def close(self):
        self.socket.close()
