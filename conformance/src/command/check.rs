//! `check`: the main job.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use procession::clauses;
use procession::evidence;
use procession::expectation::Expectations;
use procession::report::{Report, github, json, junit, text};
use procession::run::{AdapterCommand, RunOptions};
use procession::suite::{self, Event, Options};

use super::output::{say, width};
use super::{CheckArgs, Failure, Format, registry};

/// Judges an implementation, as often as asked; the worst exit status counts.
pub fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let all = clauses::all();
    let selection = args.selection.selection(all)?;
    let named = registry::named(&args.implementation)?;
    let ids: Vec<&str> = all.iter().map(|clause| clause.id).collect();
    let expectations = match &args.expect {
        None => Expectations::parse(&named.expectations, &ids)
            .map_err(|error| Failure::suite(format!("expect.toml of {}: {error}", args.implementation)))?,
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                Failure::usage(format!("{}: {error}; --expect names a file to read", path.display()))
            })?;
            Expectations::parse(&text, &ids).map_err(|error| {
                let place = format!("{}:{}", path.display(), error.line);
                Failure::usage(format!("{place}: {}\nput that line right, and check again", error.message))
            })?
        }
    };
    let options = Options {
        selection,
        seed: args.seed.0,
        // The programs mostly wait for one another, so there are more of them than processors.
        jobs: args
            .jobs
            .map_or_else(|| 2 * thread::available_parallelism().map_or(1, usize::from), usize::from),
        quick: args.quick,
        evidence: Some(args.report.clone()),
        replay_as: None,
        shrink: Duration::from_secs(args.shrink),
        width: width(),
        session: args.patience.session(),
        run: RunOptions::default(),
    };
    evidence::set_aside(&args.report).map_err(|error| unwritable(&args.report, &error))?;
    let mut worst = 0;
    for time in 1..=args.times {
        let report = once(args, &named.adapter, &expectations, &options)?;
        if time == 1 || graver(worst, report.exit_status()) != worst {
            store(args, &report)?;
        }
        worst = graver(worst, report.exit_status());
        if args.times > 1 && args.format == Format::Text {
            anstream::eprintln!("{time} of {} times, worst exit status {worst}", args.times);
        }
    }
    Ok(worst)
}

fn once(
    args: &CheckArgs,
    adapter: &AdapterCommand,
    expectations: &Expectations,
    options: &Options,
) -> Result<Report, Failure> {
    let bar = progress();
    let report = suite::check(clauses::all(), adapter, expectations, options, &mut |event| match event {
        Event::Planned(manifest, runs) => {
            bar.set_length(runs as u64);
            bar.set_message(format!("{} {}", adapter.name, manifest.version));
        }
        Event::Ran => bar.inc(1),
        Event::Shrinking(clause) => bar.set_message(format!("{clause} fails: looking for less")),
        Event::Settled(row) => {
            if args.format == Format::Json {
                bar.suspend(|| say(json::line(row)));
            }
            if args.format == Format::Text && !row.standing.is_accepted() {
                bar.suspend(|| say(text::explain(row, &adapter.name, options.width + 8)));
            }
        }
    });
    bar.finish_and_clear();
    let report = report.map_err(|error| {
        let smoke = text::quoted(&adapter.name);
        Failure::session(format!("{error}\n`procession smoke {smoke}` says whether the adapter is sound"))
    })?;
    match args.format {
        Format::Text => say(text::closing(&report).trim_end()),
        Format::Json => say(json::summary(&report)),
        Format::Junit => say(junit::render(&report)),
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        for annotation in github::annotations(&report) {
            eprintln!("{annotation}");
        }
    }
    Ok(report)
}

/// Writes the report in each form beside the evidence.
fn store(args: &CheckArgs, report: &Report) -> Result<(), Failure> {
    let write = |name: &str, content: String| {
        let path = args.report.join(name);
        fs::write(&path, content).map_err(|error| Failure::suite(unwritable(&path, &error).message))
    };
    let lines: Vec<String> = report.rows.iter().map(json::line).chain([json::summary(report)]).collect();
    write("report.jsonl", lines.join("\n") + "\n")?;
    write("report.xml", junit::render(report))?;
    write("report.txt", text::plain(&text::render(report)))?;
    if args.format == Format::Text {
        say(format_args!("report: {}", args.report.join("report.txt").display()));
    }
    Ok(())
}

/// The place for reports cannot be written.
pub fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{}: {error}; --report names another directory", path.display()))
}

fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{elapsed:>4} {wide_bar} {pos}/{len} runs  {msg}")
        .expect("a fixed template");
    let bar = ProgressBar::new(1).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A failure is graver than a fault of the adapter, which is graver than an open question.
fn graver(a: u8, b: u8) -> u8 {
    if a == 1 || b == 1 { 1 } else { a.max(b) }
}
