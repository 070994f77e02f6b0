"""Calls on queues, and what their errors mean."""

import unittest

from scripts import AdapterTest, item, main, own, queue, step, worker


class Queues(AdapterTest):
    def test_every_kind_of_item_is_received_whole(self):
        sent = [item(7), item(0, "none"), item(8, "text", 30), item(9, "bytes", 5000), item(10, "list"),
                item(11, "bytes", 3), item(12, "text", 1)]
        steps = [step("q", "put", item=one) for one in sent] + [step("q", "get") for _ in sent]
        answers = self.answers_of(steps, [queue()])
        for one, answer in zip(sent, answers[len(sent):]):
            self.assert_received(answer, one)

    def test_full_and_empty(self):
        outcomes = self.outcomes_of([
            step("q", "put", item=item(1)),
            step("q", "put", item=item(2), block=False),
            step("q", "put", item=item(2), timeout_ms=20),
            step("q", "put", item=item(2), timeout_ms=-5),
            step("q", "put_nowait", item=item(2)),
            step("q", "full"),
            step("q", "get"),
            step("q", "get", block=False),
            step("q", "get", timeout_ms=20),
            step("q", "get", timeout_ms=0),
            step("q", "get_nowait"),
        ], [queue(maxsize=1)])
        self.assertEqual(outcomes, ["ok"] + ["full"] * 4 + ["ok", "ok"] + ["empty"] * 4)

    def test_sizes(self):
        answers = self.answers_of([
            step("q", "qsize"), step("q", "empty"), step("q", "put", item=item(1)),
            step("q", "qsize"), step("q", "full"),
        ], [queue(maxsize=1)])
        self.assertEqual([answer.value for answer in answers], [0, 1, 0, 1, 1])

    def test_closing(self):
        outcomes = self.outcomes_of([
            step("q", "put", item=item(1)), step("q", "join_thread"), step("q", "close"),
            step("q", "close"), step("q", "put", item=item(1)), step("q", "get"), step("q", "join_thread"),
            step("q", "cancel_join_thread"), step("q", "empty"), step("q", "serialise"),
        ], [queue()])
        self.assertEqual(outcomes, ["ok", "misuse", "ok", "ok", "closed", "closed", "ok", "ok", "closed",
                                    "not_allowed"])

    def test_items_that_do_not_encode_or_decode(self):
        result = self.run_script([main(
            step("q", "put", item=item(1, "unencodable")),
            step("q", "put", item=item(2, "undecodable")),
            step("q", "put", item=item(3)),
            step("q", "get"), step("q", "get"),
            step("s", "put", item=item(1, "unencodable")),
            step("s", "put", item=item(2, "undecodable")),
            step("s", "get"), step("s", "empty"),
        )], [queue(), queue("s", "simple_queue")])
        outcomes = [result.of("main", index).outcome for index in range(9)]
        # A Queue pickles in its own thread: the caller of put is not told.
        self.assertEqual(outcomes, ["ok", "ok", "ok", "decode_failed", "ok", "encode_failed", "ok",
                                    "decode_failed", "ok"])
        self.assertIn("lambda", result.stderr)

    def test_what_a_simple_queue_lacks(self):
        outcomes = self.outcomes_of([
            step("s", "put", item=item(1), block=False), step("s", "get", timeout_ms=5),
            step("s", "put_nowait", item=item(1)), step("s", "qsize"), step("s", "task_done"),
            step("s", "put", item=item(1)), step("s", "get"), step("q", "task_done"), step("q", "get_many", max=3),
        ], [queue("s", "simple_queue"), queue()])
        self.assertEqual(outcomes, ["unsupported"] * 5 + ["ok", "ok", "unsupported", "unsupported"])

    def test_tasks(self):
        outcomes = self.outcomes_of([
            step("j", "join_tasks"), step("j", "task_done"), step("j", "put", item=item(1)),
            step("j", "task_done"), step("j", "join_tasks"), step("j", "task_done"),
            step("j", "join_tasks", timeout_ms=5),
        ], [queue("j", "joinable_queue")])
        self.assertEqual(outcomes, ["ok", "over_release", "ok", "ok", "ok", "over_release", "unsupported"])

    def test_a_value_changed_after_put_is_what_the_caller_says(self):
        answers = self.answers_of([
            step("q", "put", item=item(5, "list"), then_clear=True), step("q", "get"),
        ], [queue()])
        self.assertEqual([answer.outcome for answer in answers], ["ok", "ok"])

    def test_workers_of_each_method_share_queues(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("q", "get"), step("s", "put", item=item(2, "bytes", 100)), step("j", "join_tasks"),
                         step("w", "join")),
                    worker("w", step("q", "put", item=item(1)), step("s", "get"), step("j", "put", item=item(3)),
                           step("j", "task_done")),
                ], [queue(), queue("s", "simple_queue"), queue("j", "joinable_queue")], method=method)
                self.assertEqual((result.status, result.done), (0, {"main", "w"}), result.stderr)
                self.assert_received(result.of("main", 0), item(1))
                self.assert_received(result.of("w", 1), item(2, "bytes", 100))
                self.assertNotEqual(result.pids["main"], result.pids["w"])
                self.assertEqual(result.pids["w"], result.tids["w"])

    def test_a_blocked_call_has_no_return(self):
        result = self.run_script([
            main(own("mutex_lock"), own("mutex_unlock"), step("q", "get")),
            worker("w", own("getpid"), dict(own("getpid"), gate=True)),
        ], [queue()], until=lambda result: "w" in result.done)
        self.assertNotIn(2, result.answers["main"])
        self.assertEqual(result.done, {"w"})

    def test_an_object_that_cannot_be_created(self):
        result = self.run_script([main()], [queue(maxsize=2 ** 40)])
        self.assertEqual(result.error["what"], "implementation")
        self.assertIn("OverflowError", result.error["detail"])
        result = self.run_script([main()], [queue(kind="lamp")])
        self.assertEqual(result.error["what"], "unsupported")


if __name__ == "__main__":
    unittest.main()
