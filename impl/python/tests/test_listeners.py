"""Listeners, connecting to them, and descriptors and bytes beside messages, through the adapter."""

import unittest

from scripts import AdapterTest, item, main, own, pipe, step, worker

METHODS = ("fork", "spawn", "forkserver")


def listener(name="l", **options):
    return dict(options, name=name, kind="listener")


def connect(name="d", to=None, **options):
    return own("connect", name=name, to=to or {"of": "l"}, **options)


def accept(name="c"):
    return step("l", "accept", name=name)


class Listeners(AdapterTest):
    def test_two_ends_everywhere(self):
        for at, begins, origin in [("unsaid", "unix:/", ""), ("unix", "unix:/", ""), ("tcp", "tcp:127.0.0.1:", "tcp"),
                                   ({"abstract": "x"}, "abstract:", ""), ({"path": "x"}, "unix:/", "")]:
            with self.subTest(at=at):
                result = self.run_script([
                    main(step("l", "last_accepted"), step("l", "address"), accept(), step("l", "last_accepted"),
                         step("c", "recv"), step("l", "directory_mode"), step("l", "close"), step("l", "close"), accept(),
                         step("l", "address"), step("p", "join"), connect(), step("c", "recv")),
                    worker("p", connect(key="absent"), step("d", "send", item=item(1)), step("d", "close"), gets=[]),
                ], [listener(at=at)])
                self.assertEqual((result.error, result.status), (None, 0), result.stderr)
                outcomes = [result.of("main", index).outcome for index in range(13)]
                missing = "refused" if at == "tcp" or begins == "abstract:" else "name_missing"
                mode = "ok" if begins == "unix:/" else "absent"
                self.assertEqual(outcomes, ["absent", "ok", "ok", "ok", "ok", mode, "ok", "ok", "closed", "closed",
                                            "ok", missing, "eof"])
                self.assertTrue(result.of("main", 1).text.startswith(begins), result.of("main", 1))
                self.assertEqual(result.of("main", 3).text or "", origin)

    def test_keys(self):
        result = self.run_script([
            main(accept(), accept(), own("create", object=listener("k", key="nonsense")), connect(key="nonsense"),
                 own("create", object=listener("k", at={"of": "l"})), own("create", object=listener("k", at="nonsense")),
                 own("create", object=listener("k", at="unknown_family")), connect(to="unknown_family"),
                 connect(to="nobody_tcp"), connect(to="nobody_unix")),
            worker("p", connect(key={"given": "another"}), connect(key={"given": "key"}), gets=[]),
        ], [listener(key={"given": "key"})])
        self.assertEqual([result.of("main", index).outcome for index in range(10)], [
            "auth_failed", "ok", "bad_type", "bad_type", "name_taken", "bad_type", "bad_value", "bad_value", "refused",
            "name_missing"])
        self.assertEqual([result.of("p", index).outcome for index in range(2)], ["auth_failed", "ok"])

    def test_listeners_stay_with_those_who_cannot_be_copies(self):
        for method in METHODS:
            with self.subTest(method=method):
                result = self.run_script(
                    [main(accept(), step("c", "recv")), worker("p", connect(), step("d", "send", item=item(4)))],
                    [listener()], method=method)
                self.assertEqual((result.error, result.status), (None, 0), result.stderr)
                self.assertEqual(result.of("main", 1).value, 4)


class Descriptors(AdapterTest):
    def test_one_goes_and_comes(self):
        for method in METHODS:
            with self.subTest(method=method):
                result = self.run_script([
                    main(step("p.0", "send_descriptor", of="o.w"), step("p.0", "send_descriptor", of="fd:2"), step("w", "join"),
                         step("o.r", "read", max=10)),
                    worker("w", step("p.1", "recv_descriptor", name="x"), step("x", "write", item=item(1, "bytes", 10)),
                           step("p.1", "read_raw", max=1), gets=["p.1"]),
                ], [pipe(), {"name": "o", "kind": "os_pipe"}], method=method)
                self.assertEqual((result.error, result.status), (None, 0), result.stderr)
                self.assertEqual(result.of("main", 3).value, 10)
                self.assertEqual((result.of("w", 2).value, result.of("w", 2).text), (1, "01"))

    def test_none_comes(self):
        outcomes = self.outcomes_of([
            step("p.0", "write_raw", hex="41"), step("p.1", "recv_descriptor", name="x"), step("p.0", "close"),
            step("p.1", "recv_descriptor", name="x"), step("p.1", "read_raw", max=4),
        ], [pipe()])
        self.assertEqual(outcomes, ["ok", "corrupt", "ok", "eof", "ok"])


if __name__ == "__main__":
    unittest.main()
