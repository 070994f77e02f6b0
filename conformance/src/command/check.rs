//! `check`: the main job.

use std::fs;
use std::io::IsTerminal;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use procession::clauses;
use procession::expectation::Expectations;
use procession::report::{Report, github, json, junit, text};
use procession::run::RunOptions;
use procession::suite::{self, Event, Options};

use super::{CheckArgs, Failure, Format, registry};

/// Judges an implementation, as often as asked; the worst exit status counts.
pub fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let all = clauses::all();
    let selection = args.selection.selection(all)?;
    let named = registry::named(&args.implementation)?;
    let ids: Vec<&str> = all.iter().map(|clause| clause.id).collect();
    let expectations = match &args.expect {
        None => Expectations::parse(named.expectations, &ids)
            .map_err(|error| Failure::suite(format!("expect.toml of {}: {error}", args.implementation)))?,
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
            Expectations::parse(&text, &ids).map_err(|error| {
                Failure::usage(format!("{}:{}: {}", path.display(), error.line, error.message))
            })?
        }
    };
    let options = Options {
        selection,
        seed: args.seed.unwrap_or_else(seed_of_the_day),
        // The programs mostly wait for one another, so there are more of them than processors.
        jobs: args.jobs.unwrap_or_else(|| 2 * thread::available_parallelism().map_or(1, usize::from)),
        quick: args.quick,
        evidence: Some(args.report.clone()),
        run: RunOptions::default(),
    };
    let mut worst = 0;
    for time in 1..=args.times.max(1) {
        let report = once(args, &named.adapter, &expectations, &options)?;
        worst = graver(worst, report.exit_status());
        if args.times > 1 && args.format == Format::Text {
            anstream::eprintln!("{time} of {} times, worst exit status {worst}", args.times);
        }
    }
    Ok(worst)
}

fn once(
    args: &CheckArgs,
    adapter: &procession::run::AdapterCommand,
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
        Event::Settled(row) => {
            if args.format == Format::Json {
                println!("{}", json::line(row));
            }
            if args.format == Format::Text && !row.standing.is_accepted() {
                bar.suspend(|| anstream::println!("{}", text::explain(row, &adapter.name)));
            }
        }
    });
    bar.finish_and_clear();
    let report = report.map_err(|error| {
        Failure::suite(format!(
            "{error}\n`procession smoke '{}'` says whether the adapter is sound",
            adapter.name
        ))
    })?;
    match args.format {
        Format::Text => anstream::print!("{}", text::closing(&report)),
        Format::Json => println!("{}", json::summary(&report)),
        Format::Junit => println!("{}", junit::render(&report)),
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        for annotation in github::annotations(&report) {
            eprintln!("{annotation}");
        }
    }
    store(args, &report)?;
    Ok(report)
}

/// Writes the report in each form beside the evidence.
fn store(args: &CheckArgs, report: &Report) -> Result<(), Failure> {
    let write = |name: &str, content: String| {
        let path = args.report.join(name);
        fs::write(&path, content).map_err(|error| {
            Failure::suite(format!("{}: {error}; --report names another directory", path.display()))
        })
    };
    fs::create_dir_all(&args.report).map_err(|error| {
        Failure::suite(format!("{}: {error}; --report names another directory", args.report.display()))
    })?;
    let lines: Vec<String> = report.rows.iter().map(json::line).chain([json::summary(report)]).collect();
    write("report.jsonl", lines.join("\n") + "\n")?;
    write("report.xml", junit::render(report))?;
    write("report.txt", text::plain(&text::render(report)))?;
    if args.format == Format::Text {
        anstream::println!("report: {}", args.report.join("report.txt").display());
    }
    Ok(())
}

fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{msg}  {bar:40} {pos}/{len} runs  {elapsed}")
        .expect("a fixed template");
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A failure is graver than an open question, which is graver than a pass.
fn graver(a: u8, b: u8) -> u8 {
    if a == 1 || b == 1 { 1 } else { a.max(b) }
}

/// The same programs all day, others tomorrow: new ground is covered, and a failure can be talked about.
fn seed_of_the_day() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400)
}
