//! Pipelines of programs.

use std::io::Write;

use procession_reference::pipeline::{Pipeline, PipelineError};

#[test]
fn the_lecture_s_pipeline_counts_lines() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"axe\nbee\nox\nfox\n").unwrap();
    let path = file.path().to_str().unwrap();
    let done = Pipeline::new().stage(["cat", path]).stage(["grep", "x"]).stage(["wc", "-l"]).run().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.output).trim(), "3");
    assert_eq!(done.exit_codes, [0, 0, 0]);
}

#[test]
fn input_larger_than_every_buffer_passes_through() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let done = Pipeline::new().input(input.clone()).stage(["cat"]).stage(["cat"]).run().unwrap();
    assert!(done.output == input, "{} bytes came out", done.output.len());
    assert_eq!(done.exit_codes, [0, 0]);
}

#[test]
fn without_input_the_first_stage_reads_the_end() {
    let done = Pipeline::new().stage(["cat"]).run().unwrap();
    assert_eq!((done.output, done.exit_codes), (vec![], vec![0]));
}

#[test]
fn an_endless_stage_ends_when_the_next_one_has_enough() {
    let done = Pipeline::new().stage(["yes"]).stage(["head", "-n", "2"]).run().unwrap();
    assert_eq!(done.output, b"y\ny\n");
    assert_eq!(done.exit_codes, [-libc::SIGPIPE, 0]);
}

#[test]
fn input_that_nobody_wants_is_dropped() {
    let done = Pipeline::new().input(vec![b'x'; 1_000_000]).stage(["true"]).stage(["cat"]).run().unwrap();
    assert_eq!((done.output, done.exit_codes), (vec![], vec![0, 0]));
}

#[test]
fn every_stage_s_exit_code_is_told() {
    let done = Pipeline::new()
        .stage(["sh", "-c", "exit 3"])
        .stage(["sh", "-c", "kill -9 $$"])
        .stage(["grep", "x"])
        .run()
        .unwrap();
    assert_eq!(done.exit_codes, [3, -9, 1]);
}

#[test]
fn an_unknown_program_is_named_and_leaves_nothing_running() {
    let mut pids = tempfile::NamedTempFile::new().unwrap();
    let write_pid = format!("echo $$ > {}; exec sleep 1000", pids.path().display());
    let error = Pipeline::new()
        .stage(["sh", "-c", &write_pid])
        .stage(["no-such-program-anywhere", "-v"])
        .stage(["cat"])
        .run()
        .unwrap_err();
    match &error {
        PipelineError::Start { index: 1, program, source } => {
            assert_eq!(program, "no-such-program-anywhere");
            assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("no-such-program-anywhere"), "{error}");
    let pid = std::io::read_to_string(pids.as_file_mut()).unwrap();
    // Empty when the stage was ended before it wrote anything, which is just as good.
    if let Ok(pid) = pid.trim().parse::<u32>() {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} is still there");
    }
}

#[test]
fn a_pipeline_needs_programs() {
    assert!(matches!(Pipeline::new().run(), Err(PipelineError::Empty)));
    let empty: [&str; 0] = [];
    assert!(matches!(Pipeline::new().stage(["cat"]).stage(empty).run(), Err(PipelineError::EmptyStage(1))));
}
