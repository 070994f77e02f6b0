//! Adapters that misbehave: exit status 3, and the message names the first wrong thing.

use libtest_mimic::Trial;

use super::{adapter, check, directory, fake, procession, trial};

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("a_false_claim_fails", a_false_claim_fails),
        trial("lines_in_pieces_are_no_fault", lines_in_pieces),
        trial("smoke_finds_the_builtin_adapters_sound", smoke_is_passed),
    ];
    let at_hello = [
        ("exits", "ended with status 5"),
        ("hangs", "it has said nothing on its connection, expected `hello`"),
        ("crashes", "signal 6"),
        ("garbage", "a line is not JSON"),
        (
            "unknown-claim",
            "message `hello`, field `manifest.claims`: there is no claim \"proceses\"; did you mean \"processes\"?",
        ),
    ];
    let in_run = [
        ("crashes-in-run", "the adapter was ended by signal 6"),
        ("garbage-in-run", "a line is not JSON"),
        ("wrong-run", "message `ended`, field `run`: \"77\", expected \"1\""),
        ("clean-too-early", "message `clean` before `teardown` was sent"),
    ];
    for (misbehaviour, expected) in at_hello.into_iter().chain(in_run) {
        // Where the adapter shall be found silent, no less time gives another result.
        let patience = if misbehaviour == "hangs" { "1" } else { "30" };
        let in_run = in_run.iter().any(|(other, _)| *other == misbehaviour);
        trials.push(Trial::test(format!("check_{misbehaviour}"), move || {
            let directory = directory();
            let adapter = adapter(fake::ROLE, misbehaviour);
            let arguments = [&adapter, "--clause", "queue/fifo-per-producer", "--patience", patience];
            let said = check(directory.path(), &arguments);
            let told = if in_run { &said.out } else { &said.err };
            assert_eq!(said.status, Some(3), "{}{}", said.out, said.err);
            assert!(told.contains("the adapter is at fault: ") && told.contains(expected), "{told}");
            assert!(told.contains("`procession smoke '"), "{told}");
            Ok(())
        }));
        trials.push(Trial::test(format!("smoke_{misbehaviour}"), move || {
            let said = procession(&["smoke", &adapter(fake::ROLE, misbehaviour), "--patience", patience]);
            assert_eq!(said.status, Some(3), "{}{}", said.out, said.err);
            assert!(said.err.contains(expected), "{}", said.err);
            assert!(said.err.ends_with("conformance/PROTOCOL.md says what the adapter should do\n"));
            Ok(())
        }));
    }
    trials
}

fn a_false_claim_fails() {
    let directory = directory();
    let adapter = adapter(fake::ROLE, "sound");
    let said = check(directory.path(), &[&adapter, "--clause", "queue/fifo-per-producer"]);
    assert_eq!(said.status, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("failure   false-claim\n"), "{}", said.out);
    assert!(said.out.contains("not offered when it came to it: no queue here"), "{}", said.out);
}

fn lines_in_pieces() {
    let directory = directory();
    let adapter = adapter(fake::ROLE, "splits");
    let said = check(directory.path(), &[&adapter, "--clause", "queue/fifo-per-producer"]);
    assert!(said.status == Some(1) && said.out.contains("false-claim"), "{}{}", said.out, said.err);
}

fn smoke_is_passed() {
    for name in ["threads", "reference"] {
        let said = procession(&["smoke", name]);
        assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
        let next = format!("`procession check {name}` judges the implementation\n");
        assert!(said.out.ends_with(&next), "{}", said.out);
    }
}
