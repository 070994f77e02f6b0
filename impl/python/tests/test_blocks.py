"""Named blocks of shared memory and the lists in them, through the adapter."""

import sys
import unittest

from scripts import AdapterTest, item, main, own, step, worker
from procession_adapter import items, scalars

NAME = "procession-test-{run}"


def opened(name, **arguments):
    return own("open_block", name=name, **arguments)


class Blocks(AdapterTest):
    def test_a_name_is_taken_missing_and_given_back(self):
        answers = self.answers_of([
            opened("a", block=NAME), opened("a", block=NAME, create=True, size=10), opened("b", block=NAME),
            opened("c", block=NAME, create=True, size=10), own("block_mode", block=NAME),
            step("b", "write_block", at=2, item=item(7, "bytes", 8)), step("a", "read_block", at=2, len=8),
            step("a", "name"), step("b", "unlink"), step("a", "unlink"), own("block_mode", block=NAME),
            step("a", "read_block", at=2, len=8), step("a", "close"), step("a", "close"),
            step("a", "read_block", at=0, len=1), step("a", "length"), step("b", "close"),
        ])
        self.assertEqual([answer.outcome for answer in answers], [
            "name_missing", "ok", "ok", "name_taken", "ok", "ok", "ok", "ok", "ok", "name_missing", "absent",
            "ok", "ok", "ok", "closed", "ok", "ok"])
        self.assertEqual((answers[1].value, answers[4].value, answers[15].value), (10, 0o600, 10))
        self.assertEqual(answers[1].text, answers[7].text)
        sent = items.fingerprint(items.raw_bytes(item(7, "bytes", 8)))
        self.assertEqual((answers[6].aux, answers[11].aux), (sent, sent))

    def test_sizes_and_bounds(self):
        outcomes = self.outcomes_of([
            opened("a", create=True, size=0), opened("a", create=True, size=-1), opened("a", create=True),
            opened("a"), opened("a", block="x" * 300, create=True, size=5), opened("a", create=True, size=10),
            step("a", "read_block", at=10, len=1), step("a", "write_block", at=10, item=item(1, "bytes", 1)),
            step("a", "write_block", at=8, item=item(1, "bytes", 4)),
            step("a", "write_block", at=0, len=2, item=item(1, "bytes", 3)),
            step("a", "unlink"), step("a", "read_block", at=0, len=10), opened("b", create=True, size=10),
            step("b", "unlink"),
        ])
        self.assertEqual(outcomes, ["bad_value"] * 5 + ["ok"] + ["bad_value"] * 4 + ["ok"] * 4)

    def test_another_process_attaches(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(opened("a", block=NAME, create=True, size=4), step("w", "start"), step("w", "join"),
                         step("a", "read_block", at=0, len=3), step("a", "unlink")),
                    worker("w", opened("b", block=NAME), step("b", "write_block", at=0, item=item(9, "bytes", 3)),
                           step("b", "close"), explicit=True),
                ], method=method)
                self.assertEqual(result.status, 0, result.stderr)
                sent = items.fingerprint(items.raw_bytes(item(9, "bytes", 3)))
                self.assertEqual(result.of("main", 3).aux, sent)

    def test_tracking_is_a_choice_from_3_13_on(self):
        outcomes = self.outcomes_of([
            opened("a", create=True, size=4, track=True), opened("b", create=True, size=4),
            step("b", "unlink"),
        ])
        self.assertEqual(outcomes[0], "ok" if sys.version_info >= (3, 13) else "unsupported")


class Lists(AdapterTest):
    VALUES = [5, 2.5, True, "text", {"bytes": "ff01"}, None]

    def test_elements_of_every_type(self):
        answers = self.answers_of(
            [own("open_list", name="l", block=NAME, values=self.VALUES)]
            + [step("l", "load", at=index) for index in range(6)]
            + [own("open_list", name="m", block=NAME), step("m", "store", at=3, to="new"), step("l", "load", at=3),
               step("l", "store", at=3, to="longer than its slot"), step("l", "load", at=6),
               step("l", "count", of=5), step("l", "index", of="new"), step("l", "index", of="text"),
               step("l", "format"), own("open_list", name="c", copy="l"), step("c", "store", at=0, to=6),
               step("l", "load", at=0), step("l", "load_slice"), step("l", "length"),
               step("c", "unlink"), step("l", "unlink"), step("l", "close"), step("l", "load", at=0)])
        self.assertEqual((answers[0].outcome, answers[0].value), ("ok", 6))
        read = [(answer.value, answer.aux) for answer in answers[1:7]]
        self.assertEqual(read, [scalars.reported(scalars.scalar(written)) for written in self.VALUES])
        self.assertEqual((answers[9].value, answers[9].aux), scalars.reported("new"))
        self.assertEqual([answer.outcome for answer in answers[10:]], [
            "bad_value", "bad_value", "ok", "ok", "bad_value", "ok", "ok", "ok", "ok", "bad_type", "ok", "ok", "ok",
            "ok", "closed"])
        self.assertEqual([answers[index].value for index in (12, 13, 18)], [1, 3, 5])


if __name__ == "__main__":
    unittest.main()
