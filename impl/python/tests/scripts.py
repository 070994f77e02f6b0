"""Short words for scripts, and the adapter that the tests share."""

import atexit
import os
import sys
import unittest

import suite
from procession_adapter import items

ADAPTER = os.path.join(suite.ROOT, "adapter.py")
shared = {}


def the_suite():
    """One adapter for all tests of the process, as a real suite uses it for many runs."""
    if "suite" not in shared:
        shared["suite"] = suite.Suite([sys.executable, ADAPTER])
        atexit.register(shared["suite"].close)
    return shared["suite"]


def step(on, do, **arguments):
    return dict(arguments, on=on, do=do) if on else dict(arguments, do=do)


def own(do, **arguments):
    return step("", do, **arguments)


def item(number, kind="int", length=0):
    return {"id": number, "kind": kind, "len": length}


def worker(name, *steps, **options):
    return dict({"name": name, "parent": "main", "steps": list(steps)}, **options)


def main(*steps):
    return {"name": "main", "steps": list(steps)}


def script(workers, objects=(), method="fork"):
    return {"method": method, "objects": list(objects), "workers": list(workers)}


def queue(name="q", kind="queue", **options):
    return dict(options, name=name, kind=kind)


def pipe(name="p", duplex=True):
    return {"name": name, "kind": "pipe", "duplex": duplex}


class AdapterTest(unittest.TestCase):
    """Runs scripts on the shared adapter."""

    def run_script(self, *arguments, **options):
        driving = {key: options.pop(key) for key in ("until", "on_gate") if key in options}
        return the_suite().run(script(*arguments, **options), **driving)

    def answers_of(self, steps, objects=(), **options):
        """The outcomes of a lone main worker's steps; it must come to its end."""
        result = self.run_script([main(*steps)], objects, **options)
        self.assertIsNone(result.error)
        self.assertEqual(result.status, 0, result.stderr)
        return [result.of("main", index) for index in range(len(steps))]

    def outcomes_of(self, steps, objects=(), **options):
        return [answer.outcome for answer in self.answers_of(steps, objects, **options)]

    def assert_received(self, answer, sent):
        value = items.build(sent)
        expected = ("ok", items.identity(value), items.fingerprint(value))
        self.assertEqual((answer.outcome, answer.value, answer.aux), expected, answer)
