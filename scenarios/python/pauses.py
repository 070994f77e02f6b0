"""Random pauses, scaled down unless SCENARIO_PAUSE_MS says otherwise (the lecture paused up to a second)."""
import os
import random
import time

LONGEST_MS = int(os.environ.get("SCENARIO_PAUSE_MS", "10"))


def pause():
    time.sleep(random.uniform(0, LONGEST_MS) / 1000)
