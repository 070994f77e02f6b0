"""The example of an adapter for one object, as a whole."""

import os
import sys
import unittest

import suite
from procession_adapter import items
from scripts import item, main, own, queue, script, step, worker

EXAMPLE = os.path.join(suite.ROOT, "examples", "one_object.py")


class OneObject(unittest.TestCase):
    def test_it_is_sound(self):
        adapter = suite.Suite([sys.executable, EXAMPLE])
        self.addCleanup(lambda: self.assertEqual(adapter.close(), 0))
        self.assertEqual(adapter.hello["manifest"]["objects"], ["queue"])
        result = adapter.run(script([
            main(step("q", "get"), step("q", "empty"), step("q", "get", timeout_ms=5), own("fly")),
            worker("w", dict(step("q", "put", item=item(7)), gate=True)),
        ], [queue()]))
        self.assertEqual((result.status, result.done), (0, {"main", "w"}))
        answer = result.of("main", 0)
        self.assertEqual((answer.value, answer.aux), (7, items.fingerprint(7)))
        outcomes = [result.of("main", index).outcome for index in range(4)]
        self.assertEqual(outcomes, ["ok", "ok", "empty", "unsupported"])
        self.assertEqual(result.of("main", 1).value, 1)

        stuck = adapter.run(script([main(step("q", "get"))], [queue()]), until=lambda result: result.pids)
        self.assertEqual(stuck.done, set())


if __name__ == "__main__":
    unittest.main()
