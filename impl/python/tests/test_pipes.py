"""Calls on connections, OS pipes and pipelines, and what their errors mean."""

import unittest

from scripts import AdapterTest, item, main, own, pipe, step, worker
from procession_adapter import items

OS_PIPE = {"name": "o", "kind": "os_pipe"}


class Connections(AdapterTest):
    def test_objects_and_bytes(self):
        answers = self.answers_of([
            step("p.0", "send", item=item(7, "list")), step("p.1", "recv"),
            step("p.1", "send_bytes", item=item(8, "bytes", 100)), step("p.0", "recv_bytes"),
            step("p.0", "send_bytes", item=item(9, "bytes", 16), offset=8, size=4, width=4),
            step("p.1", "recv_bytes", max=4),
        ], [pipe()])
        self.assert_received(answers[1], item(7, "list"))
        self.assert_received(answers[3], item(8, "bytes", 100))
        self.assertEqual(answers[3].items, [(100, 0)])
        part = items.raw_bytes(item(9, "bytes", 16))[8:12]
        self.assertEqual((answers[5].value, answers[5].aux), (0, items.fingerprint(part)))

    def test_arguments_that_are_refused(self):
        outcomes = self.outcomes_of([
            step("p.0", "send_bytes", item=item(1, "bytes", 8), offset=-1),
            step("p.0", "send_bytes", item=item(1, "bytes", 8), offset=9),
            step("p.0", "send_non_bytes"), step("p.0", "send", item=item(1, "unencodable")),
            step("p.0", "recv_bytes", max=-1), step("p.0", "recv_bytes_into", len=4, offset=5),
            step("p.0", "poll"), step("p.1", "poll", timeout_ms=-1),
        ], [pipe()])
        self.assertEqual(outcomes, ["bad_value", "bad_value", "bad_type", "encode_failed", "bad_value",
                                    "bad_value", "ok", "ok"])

    def test_directions_and_properties(self):
        answers = self.answers_of([
            step("p.0", "send", item=item(1)), step("p.1", "recv"), step("p.1", "poll"),
            step("p.0", "readable"), step("p.0", "writable"), step("p.1", "writable"),
            step("p.0", "fileno"), step("p.0", "inheritable"), step("p.0", "is_closed"),
            step("p.0", "scope"), step("p.0", "is_closed"), step("p.0", "close"), step("p.0", "fileno"),
            step("p.0", "recv"), step("p.0", "poll"),
        ], [pipe(duplex=False)])
        self.assertEqual([answer.outcome for answer in answers],
                         ["wrong_direction"] * 3 + ["ok"] * 9 + ["closed"] * 3)
        self.assertEqual([answers[index].value for index in (3, 4, 5, 7, 8, 9, 10)], [1, 0, 1, 0, 0, 1, 1])
        self.assertGreater(answers[6].value, 2)

    def test_the_end_of_a_stream(self):
        outcomes = self.outcomes_of([
            step("p.1", "send", item=item(1)), step("p.1", "close"), step("p.0", "recv"), step("p.0", "poll"),
            step("p.0", "recv"), step("p.0", "recv_bytes"), step("p.0", "recv_bytes_into", len=9),
            step("d.0", "close"), step("d.1", "send", item=item(1)), step("d.1", "send_bytes", item=item(1)),
        ], [pipe(duplex=False), pipe("d")])
        self.assertEqual(outcomes, ["ok"] * 4 + ["eof"] * 3 + ["ok", "broken_pipe", "broken_pipe"])

    def test_torn_and_impossible_frames(self):
        outcomes = self.outcomes_of([
            step("a.1", "write_raw", hex="0000000a616263"), step("a.1", "close"), step("a.0", "recv_bytes"),
            step("b.1", "write_raw", hex="00000002" + "7878"), step("b.0", "recv"),
            step("c.1", "write_raw", hex="ffffffff" + "ff" * 8), step("c.0", "recv_bytes"),
            step("p.1", "send_bytes", item=item(1, "bytes", 10)), step("p.0", "recv_bytes", max=9),
            step("p.0", "recv_bytes"),
            step("d.1", "send", item=item(2, "undecodable")), step("d.0", "recv"),
            step("d.1", "send_bytes", item=item(2, "bytes", 0)), step("d.0", "recv"),
        ], [pipe(name, duplex=False) for name in "abcpd"])
        self.assertEqual(outcomes, ["ok", "ok", "corrupt", "ok", "decode_failed", "ok", "corrupt", "ok",
                                    "too_long", "closed", "ok", "decode_failed", "ok", "decode_failed"])

    def test_receiving_into_a_buffer(self):
        message = items.raw_bytes(item(3, "bytes", 16))
        answers = self.answers_of([
            step("p.0", "send_bytes", item=item(3, "bytes", 16)), step("p.1", "recv_bytes_into", len=40, offset=12),
            step("p.0", "send_bytes", item=item(3, "bytes", 16)), step("p.1", "recv_bytes_into", len=15),
            step("p.0", "send_bytes", item=item(3, "bytes", 16)),
            step("p.1", "recv_bytes_into", len=16, readonly=True),
        ], [pipe()])
        whole = b"\xee" * 12 + message + b"\xee" * 12
        self.assertEqual((answers[1].value, answers[1].aux), (16, items.fingerprint(whole)))
        self.assertEqual((answers[3].outcome, answers[3].value, answers[3].aux),
                         ("buffer_too_short", 16, items.fingerprint(message)))
        self.assertEqual(answers[5].outcome, "bad_type")

    def test_waiting_for_several(self):
        steps = [
            step("p.0", "send", item=item(1)), step("o.w", "write", item=item(1, "bytes", 8)),
            own("wait", objects=["p.0", "o.w", "p.1", "o.r"], timeout_ms=50),
            own("wait", objects=["p.0", "fd:p.1", "w.sentinel"], timeout_ms=50),
            own("wait", objects=["p.0"], timeout_ms=10), own("wait", objects=[], timeout_ms=5),
            own("wait", objects=["nonsense"], timeout_ms=5), own("wait", objects=["p.0", "p.0"], timeout_ms=5),
            step("g.0", "send", item=item(1)), step("w", "join"), own("wait", objects=["w.sentinel", "p.1"]),
            step("p.0", "close"), own("wait", objects=["p.1", "p.0"]), own("wait", objects=["fd:p.0"]),
        ]
        result = self.run_script([main(*steps), worker("w", step("g.1", "recv"))], [pipe(), pipe("g"), OS_PIPE])
        outcomes = [result.of("main", index) for index in range(len(steps))]
        self.assertEqual([answer.outcome for answer in outcomes],
                         ["ok"] * 6 + ["bad_value", "bad_value"] + ["ok"] * 4 + ["closed", "closed"])
        self.assertEqual([outcomes[index].value for index in (2, 3, 4, 5, 10)], [0b1100, 0b010, 0, 0, 0b11])

    def test_wrapped_descriptors(self):
        outcomes = self.outcomes_of([
            own("wrap_descriptor", fd=-1, name="x"),
            own("wrap_descriptor", fd=1, name="x", readable=False, writable=False),
            own("wrap_descriptor", fd=9999, name="x"), step("x", "send", item=item(1)), step("x", "poll"),
            own("wrap_descriptor", fd=2 ** 40, name="y"), step("y", "send", item=item(1)),
        ])
        self.assertEqual(outcomes[:4], ["bad_value", "bad_value", "ok", "bad_descriptor"])
        self.assertEqual(outcomes[5:], ["ok", "bad_descriptor"])

    def test_a_connection_through_a_connection(self):
        for method in ("fork", "spawn"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("p.0", "send_connection", name="x.1"), step("x.0", "recv")),
                    worker("w", step("p.1", "recv_connection", name="new"), step("new", "send", item=item(5)),
                           gets=["p.1"]),
                ], [pipe(), pipe("x")], method=method)
                self.assert_received(result.of("main", 1), item(5))

    def test_ends_are_handed_to_workers_of_each_method(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("p.1", "close"), step("o.w", "close"), step("p.0", "recv"), step("p.0", "recv"),
                         step("o.r", "read", max=8, exactly=True), step("o.r", "read", max=8)),
                    worker("w", step("p.1", "send", item=item(5)), step("o.w", "write", item=item(5, "bytes", 8)),
                           step("p.0", "poll"), gets=["p.1", "o.w"]),
                ], [pipe(duplex=False), OS_PIPE], method=method)
                self.assertEqual(result.status, 0)
                outcomes = [result.of("main", index).outcome for index in range(6)]
                self.assertEqual(outcomes, ["ok", "ok", "ok", "eof", "ok", "eof"])
                self.assertEqual(result.of("w", 2).outcome, "other")


class Streams(AdapterTest):
    def test_os_pipes(self):
        answers = self.answers_of([
            step("o.w", "write", item=item(4, "bytes", 20)), step("o.r", "read", max=8),
            step("o.r", "read", max=12, exactly=True), step("o.w", "close"), step("o.r", "read", max=8),
            step("o.w", "write", item=item(1)), step("o.r", "close"), step("o.r", "close"),
            step("n.r", "close"), step("n.w", "write", item=item(1)),
        ], [OS_PIPE, dict(OS_PIPE, name="n")])
        self.assertEqual([answer.outcome for answer in answers],
                         ["ok"] * 4 + ["eof", "closed", "ok", "closed", "ok", "broken_pipe"])
        sent = items.raw_bytes(item(4, "bytes", 20))
        self.assertEqual([answers[index].value for index in (0, 1, 2)], [20, 8, 12])
        self.assertEqual(answers[2].aux, items.fingerprint(sent[8:]))

    def test_pipelines(self):
        answers = self.answers_of([
            own("pipeline", stages=[["cat"], ["grep", "b"], ["wc", "-l"]], input="a\nb\nbb\n"),
            own("pipeline", stages=[["sh", "-c", "cat; exit 3"]]),
            own("pipeline", stages=[["yes"], ["head", "-n", "1"]]),
            own("pipeline", stages=[["true"]], input="x" * 300000),
            own("pipeline", stages=[["cat"], ["no-such-program"]]),
        ])
        self.assertEqual([answer.outcome for answer in answers], ["ok"] * 4 + ["bad_value"])
        self.assertEqual([answer.items for answer in answers[:4]],
                         [[(0, 0)] * 3, [(3, 0)], [(-13, 0), (0, 0)], [(0, 0)]])
        self.assertEqual([answers[0].text.strip(), answers[2].text], ["2", "y\n"])


if __name__ == "__main__":
    unittest.main()
