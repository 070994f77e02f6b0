"""Managers, managed objects and plain values through the adapter."""

import unittest

from scripts import AdapterTest, item, main, own, step, worker
from procession_adapter import data

METHODS = ("fork", "spawn", "forkserver")


def manager(name="m", **options):
    return dict(options, name=name, kind="manager")


def managed(name, kind, of="m", **options):
    return {"name": name, "kind": "managed", "manager": of, "of": dict(options, kind=kind)}


def registered(name, kind, *args, of="m"):
    return managed(name, "registered", of, type=kind, args=list(args))


def invoke(name, method, *args, **options):
    return step(name, "invoke", method=method, args=list(args), **options)


class Data(unittest.TestCase):
    def test_fingerprints_are_those_of_the_contract(self):
        # The numbers that the contract computes for the same values.
        for written, reported in [
            (True, (1, 29970757843)), (5, (5, 9509610128)), ([1, ["x"]], (2, 80657939731)),
            ({"tuple": [1, True]}, (2, 73128712413)), ({"dict": [["a", None]]}, (1, 52433231308)),
        ]:
            self.assertEqual(data.reported(data.build(written, None)), reported, written)

    def test_what_is_no_plain_value_goes_by_its_kind(self):
        self.assertEqual(data.kind_of(iter([])), "iterator")
        self.assertEqual(data.reported([object()])[0], 0)
        self.assertNotEqual(data.reported([object()]), data.reported((object(),)))


class Managed(AdapterTest):
    def assert_gives(self, answer, written):
        expected = ("ok",) + data.reported(data.build(written, None))
        self.assertEqual((answer.outcome, answer.value, answer.aux), expected, answer)

    def assert_gives_object(self, answer, kind):
        expected = ("ok", 0, data.fingerprint(data.Kind(kind)))
        self.assertEqual((answer.outcome, answer.value, answer.aux), expected, answer)

    def test_a_list(self):
        answers = self.answers_of([
            invoke("l", "append", 3), invoke("l", "__getitem__", {"slice": [1, None, None]}), invoke("l", "__getitem__", 9),
            invoke("l", "remove", 9), invoke("l", "__iadd__", [4], into="l"), invoke("l", "__len__"), invoke("l", "clear"),
            step("l", "iterate"), step("l", "get_value", name="v"), invoke("v", "clear"), invoke("v", "pop"),
            step("l", "display"), step("l", "equals", other="l"), step("l", "equals", other="v"),
            invoke("l", "append", {"unencodable": True}), step("l", "add", at=0, amount=5), step("l", "length"),
        ], [manager(), managed("l", "list", initial=[1, 2])])
        self.assertEqual([answer.outcome for answer in answers], [
            "ok", "ok", "out_of_range", "bad_value", "ok", "ok", "attribute_missing", "ok", "ok", "ok", "out_of_range",
            "ok", "ok", "ok", "encode_failed", "ok", "ok"])
        self.assert_gives(answers[1], [2, 3])
        self.assert_gives_object(answers[4], "list")
        self.assertEqual(answers[7].items, [data.reported(number) for number in (1, 2, 3, 4)])
        self.assert_gives(answers[8], [1, 2, 3, 4])
        self.assertEqual(answers[11].text, "[1, 2, 3, 4]")
        self.assertEqual([answers[index].value for index in (12, 13, 15, 16)], [1, 0, 6, 4])

    def test_a_dict(self):
        answers = self.answers_of([
            invoke("d", "__setitem__", "b", {"object": "l"}), invoke("d", "keys"), invoke("d", "__getitem__", "b"),
            invoke("d", "__getitem__", "c"), invoke("d", "__getitem__", [1]), step("d", "add", field="a", amount=2),
            step("d", "iterate"), step("d", "iterate", meanwhile={"do": "invoke", "method": "clear"}),
            invoke("d", "__iter__"), invoke("d", "popitem"), step("d", "add", field="a", amount=2),
        ], [manager(), managed("l", "list"), managed("d", "dict", initial={"dict": [["a", 1]]})])
        self.assertEqual([answer.outcome for answer in answers], [
            "ok", "ok", "ok", "key_missing", "bad_type", "ok", "ok", "not_allowed", "ok", "key_missing", "key_missing"])
        self.assert_gives(answers[1], ["a", "b"])
        self.assert_gives_object(answers[2], "list")
        self.assertEqual(answers[5].value, 3)
        self.assert_gives_object(answers[8], "iterator")

    def test_a_namespace(self):
        answers = self.answers_of([
            invoke("n", "__getattribute__", "a"), invoke("n", "__setattr__", "b", {"tuple": [1]}),
            invoke("n", "__getattribute__", "b"), invoke("n", "__delattr__", "a"), invoke("n", "__getattribute__", "a"),
            invoke("n", "__setattr__", "_p", 1), invoke("n", "__getattribute__", "_p"), step("n", "display"),
            step("n", "get_value", name="v"), step("n", "add", field="a", amount=1),
        ], [manager(), managed("n", "namespace", initial=[["a", 2.0]])])
        self.assert_gives(answers[0], 2.0)
        self.assert_gives(answers[2], {"tuple": [1]})
        self.assertEqual(answers[4].outcome, "attribute_missing")
        self.assert_gives(answers[6], 1)
        self.assertEqual(answers[7].text, "Namespace(b=(1,))")
        self.assert_gives_object(answers[8], "namespace")
        self.assertEqual(answers[9].outcome, "attribute_missing")

    def test_proxies_go_to_workers_of_each_method(self):
        for method in METHODS:
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("p.0", "hand", name="l"), step("w", "join"), invoke("d", "__getitem__", "x"),
                         invoke("l", "__getitem__", 0), step("q", "take_over", name="back"), invoke("back", "append", 8),
                         invoke("l", "__len__")),
                    worker("w", invoke("d", "__setitem__", "x", 7), step("p.1", "take_over", name="mine"),
                           invoke("mine", "append", "y"), step("q", "hand", name="mine"), invoke("c", "add", 2)),
                ], [manager(), managed("d", "dict"), managed("l", "list"), registered("c", "counter", 1),
                    managed("q", "queue"), {"name": "p", "kind": "pipe"}], method=method)
                self.assertEqual((result.error, result.status), (None, 0), result.stderr)
                self.assert_gives(result.of("main", 2), 7)
                self.assert_gives(result.of("main", 3), "y")
                self.assert_gives_object(result.of("main", 4), "list")
                self.assertEqual(result.of("main", 6).value, 2)
                self.assert_gives_object(result.of("w", 1), "list")
                self.assert_gives(result.of("w", 4), 3)

    def test_threads_share_proxies(self):
        result = self.run_script([
            main(step("t", "join"), invoke("l", "__len__")), worker("t", invoke("l", "append", 1), kind="thread"),
        ], [manager(), managed("l", "list")])
        self.assertEqual(result.of("main", 1).value, 1)

    def test_registered_types(self):
        answers = self.answers_of([
            invoke("c", "get"), invoke("c", "fail", "key"), invoke("c", "fail", "index"), invoke("c", "fail", "runtime"),
            invoke("c", "_secret"), invoke("c", "_callmethod", "_secret"), invoke("c", "unserialisable"), invoke("c", "get"),
            invoke("r", "_secret"), invoke("r", "add", 1), invoke("k", "twin", into="t"), invoke("t", "add", 1),
            invoke("k", "plain"), invoke("s", "upper"), step("c", "display"), invoke("c", "__len__"),
            own("create", object=registered("x", "result_only")), own("create", object=registered("x", "failing")),
            own("create", object=registered("x", "unknown")), own("create", object=registered("x", "stored")),
            own("create", object=registered("o", "shared_counter")), invoke("o", "add", 1),
            own("create", object=registered("p", "shared_counter")), invoke("p", "get"), step("m", "number_of_objects"),
            step("t", "forget"), step("m", "number_of_objects"), invoke("o", "fail", "own"),
            invoke("o", "fail", "own_strict"), invoke("o", "interrupt"), invoke("o", "fail", "exit"), invoke("o", "get"),
        ], [manager(), registered("c", "counter", 5), registered("r", "reserved"), registered("k", "maker", 2),
            registered("s", "stored", "text")])
        # Where the server's end of the broken connection is found closed depends on the moment.
        self.assertIn(answers.pop().outcome, ("eof", "broken_pipe"))
        self.assertEqual([answer.outcome for answer in answers], [
            "ok", "key_missing", "out_of_range", "not_allowed", "attribute_missing", "remote_error", "remote_error", "ok",
            "ok", "attribute_missing", "ok", "ok", "ok", "ok", "ok", "attribute_missing",
            "attribute_missing", "remote_error", "remote_error", "remote_error", "ok", "ok", "ok", "ok", "ok", "ok", "ok",
            "action_failed", "decode_failed", "ok", "eof"])
        self.assertEqual(answers[1].aux, data.fingerprint(("as asked", 7)))
        self.assertEqual(answers[27].aux, data.fingerprint(("as asked", 7)))
        self.assert_gives_object(answers[10], "counter")
        self.assertEqual([answers[index].value for index in (0, 8, 11, 23)], [5, 42, 3, 1])
        self.assert_gives(answers[12], [2])
        self.assertEqual(answers[24].value - answers[26].value, 1)


class SyncObjects(AdapterTest):
    def test_they_answer_as_plain_ones_do(self):
        answers = self.answers_of([
            step("q", "put", item=item(1)), step("q", "put", item=item(2), block=False), step("q", "get"),
            step("q", "get_nowait"), step("q", "get", timeout_ms=-5), step("q", "put", item=item(3, "unencodable")),
            step("q", "task_done"), step("q", "task_done"), step("l", "acquire"), step("l", "acquire", timeout_ms=10),
            step("l", "release"), step("l", "release"), step("r", "release"), step("s", "acquire"),
            step("s", "acquire", block=False), step("b", "release"), step("c", "await", timeout_ms=10),
            step("c", "notify"), step("c", "acquire"), step("c", "await", timeout_ms=10), step("l", "acquire", block=False),
            step("e", "set"), step("e", "await"), step("w", "parties"), step("w", "await", timeout_ms=10),
            step("w", "broken"), step("v", "load"), step("v", "store", to="text"), step("v", "load"), step("a", "load", at=1),
            step("a", "load", at=7), step("a", "store", at=0, to=2 ** 40), step("a", "load_slice", **{"from": 1}),
            step("c", "release"), step("l", "scope"), own("create", object=managed("x", "semaphore", value=-1)),
        ], [manager(), managed("q", "queue", maxsize=1), managed("l", "lock"), managed("r", "rlock"),
            managed("s", "semaphore"), managed("b", "bounded_semaphore", value=1), managed("c", "condition", lock="l"),
            managed("e", "event"), managed("w", "barrier", parties=2), managed("v", "value", code="i", initial=5),
            managed("a", "array", code="i", initial=[1, 2])])
        self.assertEqual([answer.outcome for answer in answers], [
            "ok", "full", "ok", "empty", "bad_value", "encode_failed", "ok", "over_release", "ok", "ok",
            "ok", "over_release", "not_owner", "ok", "ok", "over_release", "not_owner",
            "not_owner", "ok", "ok", "ok", "ok", "ok", "ok", "broken_barrier",
            "ok", "ok", "ok", "ok", "ok", "bad_value", "bad_value", "ok", "ok", "ok", "remote_error"])


class Managers(AdapterTest):
    def test_from_start_to_end(self):
        answers = self.answers_of([
            own("create", object=manager("i", idle=True)), step("i", "address"), own("create", object=managed("x", "list", "i")),
            step("i", "start"), step("i", "address"), step("i", "start"), own("create", object=managed("x", "list", "i")),
            step("i", "shutdown"), step("i", "shutdown"), step("i", "exitcode"), invoke("x", "__len__"), step("i", "start"),
            step("i", "join"), own("create", object=manager("j", initializer="raises")),
            own("create", object=manager("j", initializer="nonsense")), own("create", object=manager("j", initializer={"counts": 3})),
            own("word_read", index=3), step("j", "kill_server"), own("create", object=manager("k", key="nonsense")),
        ])
        outcomes = [answer.outcome for answer in answers]
        self.assertEqual(outcomes[:10], ["ok", "absent", "misuse", "ok", "ok", "misuse", "ok", "ok", "ok", "ok"])
        self.assertNotEqual(outcomes[10], "ok")
        self.assertEqual(outcomes[11:], ["misuse", "ok", "eof", "bad_type", "ok", "ok", "ok", "bad_type"])
        self.assertTrue(answers[4].text.startswith("unix:/"), answers[4])
        self.assertEqual((answers[9].value, answers[16].value), (0, 1))

    def test_connecting(self):
        for at in ("unsaid", "tcp", {"abstract": "x"}, {"path": "x"}):
            with self.subTest(at=at):
                answers = self.answers_of([
                    own("connect_manager", name="c", to={"of": "m"}, key={"given": "k"}),
                    own("create", object=managed("l", "list", "c", initial=[1])), invoke("l", "__len__"),
                    own("connect_manager", name="w", to={"of": "m"}, key={"given": "wrong"}),
                    own("connect_manager", name="w", to="nobody_unix"), own("connect_manager", name="w", to="nobody_tcp"),
                    own("connect_manager", name="w", to={"of": "m"}, key="nonsense"), step("c", "shutdown"),
                ], [manager(at=at, key={"given": "k"})])
                self.assertEqual([answer.outcome for answer in answers], [
                    "ok", "ok", "ok", "auth_failed", "name_missing", "refused", "bad_type", "attribute_missing"])

    def test_in_the_foreground(self):
        result = self.run_script([
            main(own("connect_manager", name="c", to={"of": "m"}, key={"given": "k"}),
                 own("create", object=managed("l", "list", "c")), invoke("l", "append", 1), invoke("l", "__len__")),
            worker("w", own("create", object=manager(idle=True, key={"given": "k"})), step("m", "serve")),
        ], until=lambda result: "main" in result.done)
        self.assertEqual(result.of("main", 3).value, 1)


if __name__ == "__main__":
    unittest.main()
