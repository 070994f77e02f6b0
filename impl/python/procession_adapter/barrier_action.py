"""What a barrier does once per round; it goes to spawned processes together with its barrier."""

import os
import signal

from .history import words_of


class ActionFailed(Exception):
    """What an action that is to raise an error raises."""


class BarrierAction:
    """Adds one to a word that all workers of the run share, and ends as it is told."""

    def __init__(self, directory, word, then):
        self.directory = directory
        self.word = word
        self.then = then

    def __call__(self):
        words_of(self.directory).add(self.word, 1)
        if self.then == "raises":
            raise ActionFailed("the action failed")
        if self.then == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
