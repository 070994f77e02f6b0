"""Locks, semaphores, conditions, events and barriers through the adapter."""

import signal
import unittest

from scripts import AdapterTest, main, own, step, worker


def an(kind, name="x", **options):
    return dict(options, name=name, kind=kind)


def word(index):
    return own("word_read", index=index)


class Locks(AdapterTest):
    def test_a_lock_is_held_once(self):
        answers = self.answers_of([
            step("x", "acquire"), step("x", "acquire", block=False), step("x", "acquire", timeout_ms=10),
            step("x", "acquire", timeout_ms=-5), step("x", "release"), step("x", "release"),
            step("x", "release", n=1), step("x", "permits"),
        ], [an("lock")])
        self.assertEqual([answer.outcome for answer in answers],
                         ["ok"] * 5 + ["over_release", "bad_type", "unsupported"])
        self.assertEqual([answer.value for answer in answers[:4]], [1, 0, 0, 0])

    def test_a_recursive_lock_belongs_to_its_holder(self):
        result = self.run_script([
            main(step("x", "acquire"), step("x", "acquire"), step("w", "start"), step("w", "join"),
                 step("t", "start"), step("t", "join"), step("x", "release"), step("x", "release"),
                 step("x", "release")),
            worker("w", step("x", "acquire", block=False), step("x", "release"), explicit=True),
            worker("t", step("x", "acquire", timeout_ms=0), step("x", "release"), explicit=True, kind="thread"),
        ], [an("rlock")])
        for other in "wt":
            self.assertEqual(result.of(other, 0).value, 0)
            self.assertEqual(result.of(other, 1).outcome, "not_owner")
        self.assertEqual(result.of("main", 8).outcome, "not_owner")

    def test_a_scope_is_left_by_an_error_too(self):
        answers = self.answers_of([
            step("x", "scope"), step("x", "scope", fail=True), step("x", "acquire", block=False),
        ], [an("lock")])
        self.assertEqual([answer.value for answer in answers], [1, 1, 1])

    def test_semaphores(self):
        outcomes = self.outcomes_of([
            step("x", "permits"), step("x", "release"), step("x", "permits"), step("y", "release"),
            step("y", "acquire", block=False), step("z", "permits"),
        ], [an("semaphore", value=2), an("bounded_semaphore", "y", value=1), an("semaphore", "z")])
        self.assertEqual(outcomes, ["ok", "ok", "ok", "over_release", "ok", "ok"])

    def test_first_values_that_are_refused(self):
        outcomes = self.outcomes_of([
            own("create", object=an("semaphore", value=-1)), own("create", object=an("semaphore", value=1.5)),
            own("create", object=an("semaphore", value=2 ** 31)), own("create", object=an("lamp")),
            own("create", object=an("semaphore", value=3)), step("x", "permits"),
        ])
        self.assertEqual(outcomes, ["bad_value", "bad_type", "bad_value", "unsupported", "ok", "ok"])

    def test_a_signals_function_interrupts_a_call(self):
        result = self.run_script([
            main(own("on_signal", signal=int(signal.SIGINT), action="raise"), step("x", "acquire"),
                 own("signal_self", signal=int(signal.SIGINT)), step("x", "release")),
        ], [an("lock")])
        self.assertEqual([result.of("main", index).outcome for index in range(4)],
                         ["ok", "ok", "interrupted", "ok"])


class Conditions(AdapterTest):
    def test_only_the_owner_waits_and_notifies(self):
        outcomes = self.outcomes_of([
            step("x", "await", timeout_ms=0), step("x", "notify"), step("x", "notify_all"), step("x", "release"),
            step("x", "acquire"), step("x", "acquire"), step("x", "await", timeout_ms=5), step("x", "notify", n=3),
            step("x", "notify", n=0), step("x", "notify_all"), step("x", "release"), step("x", "release"),
        ], [an("condition")])
        self.assertEqual(outcomes, ["not_owner"] * 4 + ["ok"] * 8)

    def test_a_given_lock_is_used(self):
        answers = self.answers_of([
            step("x", "acquire"), step("l", "acquire", block=False), step("x", "release"),
        ], [an("lock", "l"), an("condition", lock="l")])
        self.assertEqual([answer.value for answer in answers[:2]], [1, 0])

    def test_a_predicate_asks_the_words(self):
        for method in ("fork", "spawn", "forkserver"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("x", "acquire"), step("x", "await_word", index=2, least=5, timeout_ms=0),
                         step("x", "await_word", index=2, least=5), step("x", "release")),
                    worker("w", step("x", "acquire"), own("word_add", index=2, amount=5), step("x", "notify"),
                           step("x", "release")),
                ], [an("condition")], method=method)
                self.assertEqual(result.status, 0, result.stderr)
                self.assertEqual(result.of("main", 2).value, 1)


class Events(AdapterTest):
    def test_set_clear_and_wait(self):
        answers = self.answers_of([
            step("x", "is_set"), step("x", "await", timeout_ms=0), step("x", "set"), step("x", "is_set"),
            step("x", "await"), step("x", "clear"), step("x", "await", timeout_ms=5),
        ], [an("event")])
        self.assertEqual([answer.value for answer in answers], [0, 0, 0, 1, 1, 0, 0])
        self.assertEqual({answer.outcome for answer in answers}, {"ok"})


class Barriers(AdapterTest):
    def test_parties_pass_together_and_one_acts(self):
        for method in ("fork", "spawn"):
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("x", "await"), word(1), step("x", "await"), step("w", "join"), word(1)),
                    worker("w", step("x", "await"), word(1), step("x", "await")),
                ], [an("barrier", parties=2, action={"word": 1})], method=method)
                self.assertEqual(result.status, 0, result.stderr)
                for wait in (0, 2):
                    self.assertEqual({result.of(name, wait).value for name in ("main", "w")}, {0, 1})
                self.assertEqual(result.of("main", 4).value, 2)
                self.assertIn(result.of("w", 1).value, (1, 2))

    def test_broken_and_repaired(self):
        answers = self.answers_of([
            step("x", "parties"), step("x", "waiting"), step("x", "await"), step("x", "broken"),
            step("x", "await", timeout_ms=0), step("x", "reset"), step("x", "broken"), step("x", "abort"),
            step("x", "await"),
        ], [an("barrier", parties=2, timeout_ms=10)])
        self.assertEqual([answer.outcome for answer in answers],
                         ["ok", "ok", "broken_barrier", "ok", "broken_barrier", "ok", "ok", "ok", "broken_barrier"])
        self.assertEqual([answers[index].value for index in (0, 1, 3, 6)], [2, 0, 1, 0])

    def test_how_an_action_ends(self):
        outcomes = self.outcomes_of(
            [step("x", "await"), step("x", "await"), word(0)],
            [an("barrier", parties=1, action={"word": 0, "then": "raises"})])
        self.assertEqual(outcomes, ["action_failed", "broken_barrier", "ok"])
        result = self.run_script([main(step("x", "await"))], [
            an("barrier", parties=1, action={"word": 0, "then": "dies"})])
        self.assertEqual((result.status, result.answers["main"]), (-signal.SIGKILL, {}))


class Words(AdapterTest):
    def test_no_addition_is_lost(self):
        adding = [own("word_add", index=3, amount=1) for _ in range(300)]
        result = self.run_script([
            main(*adding, step("w", "join"), step("t", "join"), word(3)),
            worker("w", *adding), worker("t", *adding, kind="thread"),
        ])
        self.assertEqual(result.of("main", 302).value, 900)

    def test_an_addition_wraps_around(self):
        answers = self.answers_of([
            own("word_add", index=0, amount=2 ** 63 - 1), own("word_add", index=0, amount=1), word(0)])
        self.assertEqual([answer.value for answer in answers], [0, 2 ** 63 - 1, -2 ** 63])


if __name__ == "__main__":
    unittest.main()
