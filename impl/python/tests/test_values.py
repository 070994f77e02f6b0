"""Shared values, arrays and records through the adapter."""

import unittest

from scripts import AdapterTest, main, own, step, worker
from procession_adapter import scalars

MOST = 2 ** 63 - 1


def value(code, name="x", **options):
    return dict(options, name=name, kind="value", code=code)


def array(code, name="x", **options):
    return dict(options, name=name, kind="array", code=code)


def hexed(data):
    return {"bytes": data.hex()}


POINT = [{"name": "x", "code": "i"}, {"name": "y", "code": "d"}]


class Scalars(unittest.TestCase):
    def test_fingerprints_are_those_of_the_contract(self):
        # The numbers that the contract computes for the same values.
        for written, reported in [
            (None, (0, 5425759002)), (True, (1, 29970757843)), (5, (5, 9509610128)),
            (2.5, (0, 40151149239)), ("é", (0, 16561848511)), (hexed(b"\0\xff"), (0, 15592156977)),
        ]:
            self.assertEqual(scalars.reported(scalars.scalar(written)), reported, written)

    def test_an_unsigned_number_has_the_bits_of_a_signed_one(self):
        self.assertEqual(scalars.reported(2 ** 64 - 1), scalars.reported(-1))


class Values(AdapterTest):
    def assert_reads(self, answer, written):
        expected = ("ok",) + scalars.reported(scalars.scalar(written))
        self.assertEqual((answer.outcome, answer.value, answer.aux), expected, answer)

    def test_every_type(self):
        for code, written in [("c", hexed(b"z")), ("u", "é"), ("b", -7), ("B", 200), ("h", -300), ("H", 60000),
                              ("i", -70000), ("I", 3000000000), ("l", -5), ("L", 5), ("q", MOST), ("Q", 9),
                              ("f", 0.5), ("d", 0.1)]:
            with self.subTest(code=code):
                answers = self.answers_of(
                    [step("x", "store", to=written), step("x", "load"), step("y", "load")],
                    [value(code), value(code, "y", initial=written)])
                self.assertEqual(answers[0].outcome, "ok")
                self.assert_reads(answers[1], written)
                self.assert_reads(answers[2], written)

    def test_what_does_not_fit(self):
        answers = self.answers_of([
            step("x", "store", to=2 ** 31), step("x", "load"), step("x", "store", to="five"),
            step("x", "load", at=0), own("create", object=value("?", "z")), step("x", "length"),
        ], [value("i")])
        self.assert_reads(answers[1], -2 ** 31)
        self.assertEqual([answer.outcome for answer in answers],
                         ["ok", "ok", "bad_type", "unsupported", "bad_type", "unsupported"])

    def test_locks_of_a_value(self):
        answers = self.answers_of([
            step("x", "get_lock", name="l"), step("y", "get_lock", name="m"), step("z", "get_lock", name="n"),
            step("g", "acquire", block=False), step("y", "acquire", block=False),
            own("create", object=value("i", "w", lock="nonsense")), step("x", "scope"), step("x", "get_object", name="o"),
            step("x", "store", to=6), step("o", "load"), step("o", "scope"),
        ], [{"name": "g", "kind": "lock"}, value("i", lock="own"), value("i", "y", lock={"given": "g"}),
            value("i", "z", lock="raw")])
        self.assertEqual([answer.outcome for answer in answers],
                         ["ok", "ok", "bad_type", "ok", "ok", "bad_type", "ok", "ok", "ok", "ok", "unsupported"])
        self.assertEqual([answers[index].value for index in (0, 1, 3, 4, 6, 9)], [0, 1, 1, 0, 1, 6])

    def test_locked_additions_of_each_method(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                adding = step("x", "add", amount=2, times=200, locked=True)
                result = self.run_script([
                    main(adding, step("w", "join"), step("x", "load"), step("y", "get_lock", name="l")),
                    worker("w", adding, step("y", "get_lock", name="l")),
                ], [value("q"), {"name": "g", "kind": "lock"}, value("i", "y", lock={"given": "g"})], method=method)
                self.assertEqual(result.status, 0, result.stderr)
                self.assertEqual(result.of("main", 2).value, 800)
                self.assertEqual((result.of("main", 3).value, result.of("w", 1).value), (1, 1))

    def test_copies_and_wrappers(self):
        answers = self.answers_of([
            step("x", "get_object", name="raw"), step("raw", "copy", name="c"), step("c", "store", to=9),
            step("x", "load"), step("raw", "synchronise", name="s"), step("s", "acquire"),
            step("s", "synchronise", name="t"), step("x", "serialise"),
        ], [value("i", initial=4)])
        self.assertEqual([answer.outcome for answer in answers], ["ok"] * 6 + ["misuse", "not_allowed"])
        self.assert_reads(answers[3], 4)


class Arrays(AdapterTest):
    def test_elements_and_slices(self):
        answers = self.answers_of([
            step("x", "length"), step("x", "load", at=-1), step("x", "load", at=4), step("x", "store", at=-5, to=1),
            step("x", "load_slice", step=-1), step("x", "store_slice", **{"from": 1, "to": 3, "values": [8, 9]}),
            step("x", "store_slice", values=[1]), step("x", "load_slice", **{"from": 1}),
            step("x", "add", at=0, amount=5), step("x", "load", at=0), step("x", "store", at=0, to="five"),
        ], [array("i", initial=[0, 1, 2, 3])])
        self.assertEqual([answer.outcome for answer in answers],
                         ["ok", "ok", "bad_value", "bad_value", "ok", "ok", "bad_value", "ok", "ok", "ok", "bad_type"])
        self.assertEqual([answers[index].value for index in (0, 1, 4, 7, 8, 9)], [4, 3, 4, 3, 5, 5])
        self.assertEqual(answers[4].items, [scalars.reported(number) for number in (3, 2, 1, 0)])
        self.assertEqual(answers[7].items, [scalars.reported(number) for number in (8, 9, 3)])

    def test_lengths(self):
        outcomes = self.outcomes_of([
            own("create", object=array("i", length=0)), step("x", "length"),
            own("create", object=array("i", length=-1)), own("create", object=array("i", "y", length=3)),
            step("y", "load_slice"),
        ])
        self.assertEqual(outcomes, ["ok", "ok", "bad_value", "ok", "ok"])

    def test_characters(self):
        answers = self.answers_of([
            step("x", "load", field="value"), step("x", "store", field="value", to=hexed(b"ab")),
            step("x", "load", field="raw"), step("x", "store", field="value", to=hexed(b"too long")),
            step("x", "load", at=0), step("x", "load_slice", to=2), step("x", "store", field="value", to="text"),
        ], [array("c", initial=[hexed(b"a"), hexed(b"b"), hexed(b"c"), hexed(b"d"), hexed(b"e")])])
        self.assertEqual([answer.aux for answer in answers if answer.aux], [
            scalars.reported(data)[1] for data in (b"abcde", b"ab\0de", b"a")])
        self.assertEqual(answers[5].items, [scalars.reported(b"a"), scalars.reported(b"b")])
        self.assertEqual([answers[index].outcome for index in (3, 6)], ["bad_value", "bad_type"])


class Records(AdapterTest):
    def test_fields_of_each_method(self):
        record = {"name": "r", "kind": "record", "fields": POINT, "initial": [3]}
        several = {"name": "a", "kind": "record", "fields": POINT, "length": 2, "initial": [1, 2.5, 3]}
        raw = {"name": "b", "kind": "record", "fields": POINT, "length": 2, "lock": "raw"}
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("w", "join"), step("r", "load", field="x"), step("r", "load", field="y"),
                         step("a", "load", at=0, field="y"), step("a", "load", at=1, field="x"),
                         step("b", "load", at=1, field="y"), step("a", "length")),
                    worker("w", step("r", "store", field="y", to=0.5), step("a", "store", at=1, field="x", to=50),
                           step("b", "store", at=1, field="y", to=7.0)),
                ], [record, several, raw], method=method)
                self.assertEqual(result.status, 0, result.stderr)
                read = [result.of("main", index) for index in range(1, 6)]
                self.assertEqual([(answer.value, answer.aux) for answer in read],
                                 [scalars.reported(written) for written in (3, 0.5, 2.5, 50, 7.0)])
                self.assertEqual(result.of("main", 6).value, 2)


if __name__ == "__main__":
    unittest.main()
