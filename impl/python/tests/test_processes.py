"""Calls on process objects and the library, and how workers begin and end."""

import signal
import sys
import unittest

from scripts import AdapterTest, item, main, own, pipe, queue, step, worker

EACH = ("fork", "spawn", "forkserver")


class Processes(AdapterTest):
    def outcomes(self, result, name, count):
        return [result.of(name, index) and result.of(name, index).outcome for index in range(count)]

    def test_the_life_of_a_process(self):
        steps = [
            step("w", "pid"), step("w", "exitcode"), step("w", "is_alive"), step("w", "sentinel"), step("w", "join"),
            step("w", "terminate"), step("w", "repr"), step("w", "start"), step("w", "start"), step("w", "pid"),
            step("w", "is_alive"), step("w", "is_listed"), own("active_children"), step("w", "close"),
            step("w", "join", timeout_ms=10), step("w", "proc_state"), step("p.0", "send", item=item(1)),
            step("w", "join"), step("w", "exitcode"), step("w", "is_alive"), step("w", "is_listed"),
            step("w", "proc_state"), step("w", "close"), step("w", "close"), step("w", "pid"), step("w", "join"),
            step("w", "name"), step("w", "daemon"),
        ]
        for method in EACH:
            with self.subTest(method=method):
                result = self.run_script([
                    main(*steps), worker("w", step("p.1", "recv"), explicit=True, process_name="Wanda"),
                ], [pipe()], method=method)
                self.assertEqual(self.outcomes(result, "main", len(steps)), [
                    "absent", "absent", "ok", "bad_value", "misuse", "misuse", "ok", "ok", "misuse", "ok", "ok", "ok",
                    "ok", "still_running", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "absent", "ok", "ok", "closed",
                    "closed", "ok", "ok"])
                answer = lambda index: result.of("main", index)
                self.assertEqual(answer(9).value, result.pids["w"])
                self.assertEqual([answer(index).value for index in (10, 11, 12, 18, 19, 20)], [1, 1, 1, 0, 0, 0])
                self.assertEqual((answer(26).text, answer(27).value), ("Wanda", 0))
                self.assertIn("initial", answer(6).text)

    def test_how_workers_end(self):
        endings = [
            ({"returned": 5}, 0), ({"code": 8}, 8), ({"code": 300}, 44), ({"code": -1}, 255),
            # Before 3.9 an exit request without a value was one with the value 1.
            ("nothing", 0 if sys.version_info >= (3, 9) else 1),
            ({"flag": False}, 0), ({"flag": True}, 1), ({"text": "farewell"}, 1), ({"immediate": 9}, 9),
        ]
        workers = [worker("w%d" % index, own("exit", status=status), own("getpid"))
                   for index, (status, _) in enumerate(endings)]
        workers += [worker("raiser", own("raise"), process_name="N1"),
                    worker("killed", own("signal_self", signal=int(signal.SIGKILL))),
                    worker("interrupted", own("signal_self", signal=int(signal.SIGINT)), own("sleep", ms=1))]
        codes = [code for _, code in endings] + [1, -9, 1]
        steps = [step(one["name"], "join") for one in workers] + [step(one["name"], "exitcode") for one in workers]
        result = self.run_script([main(*steps)] + workers)
        found = [result.of("main", len(workers) + index).value for index in range(len(workers))]
        self.assertEqual(found, codes)
        self.assertEqual([result.of("w0", 0), result.called["w0"]], [None, [0]])
        self.assertIn("farewell\n", result.stderr)
        self.assertIn("Process N1:\n", result.stderr)
        self.assertEqual(result.done & {"w0", "w1", "raiser", "killed", "w8"}, {"w0", "w1", "raiser"})

    def test_how_the_main_worker_ends(self):
        for last, status in [
            (own("exit", status={"code": 8}), 8), (own("exit", status={"text": "farewell"}), 1),
            (own("exit", status="nothing"), 0), (own("raise"), 1), (own("exit", status={"immediate": 4}), 4),
            (own("signal_self", signal=int(signal.SIGTERM)), -15), (own("getpid"), 0),
        ]:
            with self.subTest(last=last):
                result = self.run_script([main(own("print", text="a line"), last)])
                self.assertEqual(result.status, status, result.stderr)
                # An immediate end, or a signal's, loses what was buffered.
                self.assertEqual(result.stdout, "" if status in (4, -15) else "a line\n")

    def test_children_of_a_program_that_ends_are_joined_or_terminated(self):
        result = self.run_script([
            main(own("word_read", index=0)),
            worker("plain", own("sleep", ms=150), own("word_swap", index=0, value=7)),
            worker("demon", step("p.0", "recv"), daemon=True),
        ], [pipe()])
        self.assertEqual(result.status, 0)
        self.assertIn("plain", result.done)
        self.assertEqual(result.of("plain", 1).outcome, "ok")
        self.assertIsNone(result.of("demon", 0))

    def test_items_put_by_the_main_worker_are_flushed_at_its_end(self):
        result = self.run_script([
            main(step("q", "put", item=item(1, "bytes", 300000))),
            worker("w", own("sleep", ms=100), step("q", "get")),
        ], [queue()])
        self.assertEqual(result.status, 0)
        self.assert_received(result.of("w", 1), item(1, "bytes", 300000))

    def test_whose_process_it_is(self):
        result = self.run_script([
            main(step("late", "start"), step("current", "name"), step("parent", "pid"), step("current", "join"),
                 step("w", "join"), step("current", "authkey"), step("late", "join")),
            worker("w", step("late", "start"), step("late", "is_alive"), step("late", "join"),
                   step("parent", "pid"), step("parent", "is_alive"), step("current", "authkey"),
                   own("getppid"), step("current", "name"), own("start_method"), gets=[]),
            worker("late", explicit=True),
        ])
        self.assertEqual(self.outcomes(result, "main", 6), ["ok", "ok", "absent", "not_owner", "ok", "ok"])
        self.assertEqual(self.outcomes(result, "w", 3), ["not_owner"] * 3)
        self.assertEqual([result.of("w", index).value for index in (3, 6)], [result.pids["main"]] * 2)
        self.assertEqual(result.of("main", 1).text, "MainProcess")
        self.assertEqual(result.of("w", 8).text, "fork")
        self.assertEqual(result.of("w", 5).aux, result.of("main", 5).aux)

    def test_flags_and_names(self):
        steps = [
            step("w", "set_daemon", daemon=True), step("w", "daemon"), step("w", "set_name", name="new"),
            step("w", "name"), step("w", "set_name"), step("w", "set_authkey", item=item(1, "bytes", 20)),
            step("w", "authkey"), step("w", "start"), step("w", "set_daemon", daemon=False), step("w", "kill"),
            step("w", "join"), step("w", "exitcode"), step("w", "start_method"), step("current", "serialise"),
        ]
        result = self.run_script([main(*steps), worker("w", step("p.0", "recv"), explicit=True)], [pipe()])
        self.assertEqual(self.outcomes(result, "main", len(steps)),
                         ["ok"] * 4 + ["misuse"] + ["ok"] * 3 + ["misuse"] + ["ok"] * 4 + ["encode_failed"])
        self.assertEqual([result.of("main", 3).text, result.of("main", 12).text], ["new", "fork"])
        self.assertEqual([result.of("main", index).value for index in (1, 6, 11)], [1, 20, -9])

    def test_bodies_of_every_form(self):
        for method in EACH:
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("none", "join"), step("none", "exitcode"), step("sub", "join"),
                         step("bad", "start"), step("bad", "join")),
                    worker("none", bodiless=True),
                    worker("sub", step("q", "put", item=item(3)), subclass=True),
                    worker("bad", own("getpid"), unserialisable_argument=True, explicit=True),
                    worker("branch", step("leaf", "join"), step("leaf", "exitcode"), step("q", "get")),
                    dict(worker("leaf", step("q", "put", item=item(4)), own("exit", status={"code": 3})),
                         parent="branch"),
                ], [queue()], method=method)
                self.assertEqual(result.status, 0, result.stderr)
                self.assertEqual(result.of("branch", 1).value, 3)
                self.assertEqual(result.done >= {"main", "sub", "branch", "leaf"}, True)
                refused = ["ok", "ok"] if method == "fork" else ["encode_failed", "misuse"]
                self.assertEqual(self.outcomes(result, "main", 5)[3:], refused)

    @unittest.skipIf(sys.version_info < (3, 11, 5), "older versions start the child, which then fails")
    def test_objects_of_fork_are_refused_by_spawn(self):
        result = self.run_script([
            main(step("w", "start")), worker("w", explicit=True, method="spawn"),
        ], [queue()])
        self.assertEqual(result.of("main", 0).outcome, "not_allowed")
        result = self.run_script([main(), worker("w", method="spawn")], [queue()])
        self.assertEqual(result.error["what"], "implementation")

    def test_threads(self):
        result = self.run_script([
            main(own("global_write", value=5), own("mutex_lock"), step("q", "put", item=item(1)),
                 step("t", "join")),
            worker("t", step("q", "get"), own("global_read"), own("mutex_lock", timeout_ms=10),
                   own("mutex_unlock"), own("mutex_unlock"), own("exit", status={"code": 3}), kind="thread"),
            worker("d", step("p.0", "recv"), kind="daemon_thread"),
        ], [queue(), pipe()])
        self.assertEqual(result.status, 0)
        self.assertEqual(self.outcomes(result, "t", 5), ["ok", "ok", "timeout", "ok", "over_release"])
        self.assertEqual(result.of("t", 1).value, 5)
        self.assertEqual(result.pids["t"], result.pids["main"])
        self.assertEqual(len(set(result.tids.values())), 3)

    def test_the_library(self):
        steps = [
            own("start_methods"), own("start_method", allow_none=True), own("start_method"),
            own("set_start_method", method="spawn"), own("set_start_method", method="spawn", force=True),
            own("start_method"), own("set_start_method", force=True), own("start_method", allow_none=True),
            own("context", method="forkserver"), own("context", method="x"),
            own("set_context_method", method="fork", to="spawn"), own("cpu_count"), own("kill_forkserver"),
        ]
        answers = self.answers_of(steps)
        self.assertEqual([answer.outcome for answer in answers], [
            "ok", "absent", "ok", "not_allowed", "ok", "ok", "ok", "absent", "ok", "bad_value", "bad_value", "ok",
            "absent"])
        self.assertEqual(answers[0].text.split(",")[0], answers[2].text)
        self.assertEqual((answers[8].text, answers[8].value, answers[5].text), ("forkserver", 1, "spawn"))

    def test_the_fork_server_is_started_again(self):
        result = self.run_script([
            main(step("a", "start"), step("a", "join"), own("kill_forkserver"), step("b", "start"),
                 step("b", "join"), step("b", "exitcode")),
            worker("a", explicit=True), worker("b", explicit=True),
        ], method="forkserver")
        self.assertEqual(self.outcomes(result, "main", 6), ["ok"] * 6)
        self.assertEqual((result.of("main", 2).value > 1, result.of("main", 5).value), (True, 0))


class Itself(AdapterTest):
    def test_signals_and_descriptors(self):
        usr1 = int(signal.SIGUSR1)
        answers = self.answers_of([
            own("on_signal", signal=usr1, action="count"), own("signal_self", signal=usr1),
            own("signal_self", signal=usr1), own("signals_counted"),
            own("on_signal", signal=usr1, action="ignore"), own("signal_self", signal=usr1), own("signals_counted"),
            own("count_descriptors"), own("open_descriptor", fd=77), own("count_descriptors"),
            own("descriptor_open", fd=77), own("descriptor_open", fd=78), own("read_stdin"),
            own("getpid"), own("burn", ms=5), own("word_swap", index=63, value=-4), own("word_read", index=63),
            own("close_stdout"),
        ])
        self.assertEqual({answer.outcome for answer in answers}, {"ok"})
        self.assertEqual([answers[index].value for index in (3, 6, 10, 11, 12, 15, 16)], [2, 2, 1, 0, 0, 0, -4])
        self.assertEqual(answers[9].value, answers[7].value + 1)
        self.assertGreater(answers[14].value, 0)

    def test_exit_handlers_send(self):
        result = self.run_script([
            main(own("at_exit_send", connection="p.1", item=item(6))),
            worker("w", step("p.0", "recv")),
        ], [pipe()])
        self.assert_received(result.of("w", 0), item(6))

    def test_what_is_not_there_is_answered(self):
        result = self.run_script([main(
            step("nothing", "get"), step("q", "forget"), step("q", "get"), step("p.0", "forget"),
            step("p.1", "poll"), step("p.1", "recv"), step("p.1", "fly"),
        )], [queue(), pipe()])
        self.assertEqual(result.status, 0)
        outcomes = [result.of("main", index).outcome for index in range(7)]
        self.assertEqual(outcomes, ["other", "ok", "other", "ok", "ok", "eof", "unsupported"])

    def test_a_forked_child_releases_its_own_reference(self):
        result = self.run_script([
            main(step("p.0", "close"), step("p.1", "close"), step("w", "join")),
            worker("w", step("q.1", "send", item=item(1)), own("count_descriptors"), step("p.0", "forget"),
                   own("count_descriptors")),
        ], [pipe(), pipe("q")])
        self.assertEqual(result.of("w", 3).value, result.of("w", 1).value - 1)

    def test_gates_hold_a_step_back(self):
        seen = []
        result = self.run_script(
            [main(own("getpid"), dict(own("getpid"), gate=True))],
            on_gate=lambda result, worker, index: seen.append((worker, index, result.called["main"])))
        self.assertEqual(seen, [("main", 1, [0])])
        self.assertEqual(result.called["main"], [0, 1])

    def test_a_fault_of_the_adapter_is_reported(self):
        result = self.run_script([main(step("q", "put", item=item(1, "stone")))], [queue()])
        self.assertEqual(result.error["what"], "adapter")
        self.assertIn("stone", result.error["detail"])

    def test_a_run_is_torn_down_at_any_time(self):
        for method in EACH:
            with self.subTest(method=method):
                result = self.run_script(
                    [main(step("q", "get")), worker("a", step("q", "get")), worker("b", step("q", "get"))],
                    [queue()], method=method, until=lambda result: len(result.pids) == 3)
                self.assertEqual(result.done, set())
                for pid in result.pids.values():
                    self.assertFalse(is_running(pid), pid)


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    print(sys.version)
    unittest.main()
