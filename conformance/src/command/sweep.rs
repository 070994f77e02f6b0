//! `sweep`: kills a worker at every moment of a call.

use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use procession::evidence;
use procession::report::text::quoted;
use procession::sweep::{self, Event, Mode, Options, Row, Schedule, scenes, table};

use super::check::unwritable;
use super::output::{say, width};
use super::{Failure, ListFormat, ModeArg, ScheduleArg, SweepArgs, registry};

/// How many points of a row are enough with `--quick`, and how long a row may then take.
const QUICK_POINTS: u64 = 24;
const QUICK_SECONDS: u64 = 3;
const QUICK_LONGEST: u64 = 20_000;

/// Sweeps an implementation.
pub fn sweep(args: &SweepArgs) -> Result<u8, Failure> {
    if args.list {
        return Ok(list(args));
    }
    let named = registry::named(&args.implementation)?;
    let options = options(args)?;
    evidence::set_aside(&args.report).map_err(|error| unwritable(&args.report, &error))?;
    let bar = progress();
    let text = args.format == ListFormat::Text;
    let shown = |row: &Row| {
        bar.suspend(|| match text {
            true => {
                say(table::line(row));
                for finding in &row.findings {
                    say(table::explain(row, finding, &named.adapter.name, options.width + 8));
                }
            }
            false => say(table::json(row)),
        });
    };
    let report = sweep::sweep(&named.adapter, &options, &mut |event| match event {
        Event::Planned(manifest, rows) => {
            bar.set_length(rows as u64);
            bar.set_message(format!("{} {}", named.adapter.name, manifest.version));
            if text {
                bar.suspend(|| say(table::head()));
            }
        }
        Event::Began(scene, mode, schedule) => {
            bar.set_message(format!("{scene} {} {}", mode.name(), schedule.name()));
        }
        Event::Ran => bar.tick(),
        Event::Swept(row) => {
            bar.inc(1);
            shown(row);
        }
    });
    bar.finish_and_clear();
    let report = report.map_err(|error| {
        let smoke = quoted(&named.adapter.name);
        Failure::session(format!("{error}\n`procession smoke {smoke}` says whether the adapter is sound"))
    })?;
    say(if text { table::closing(&report) } else { table::json_summary(&report) });
    Ok(report.exit_status())
}

fn options(args: &SweepArgs) -> Result<Options, Failure> {
    let mut chosen = Vec::new();
    for name in &args.scene {
        chosen.push(scenes::find(name).ok_or_else(|| {
            let known = scenes::all().iter().map(|scene| scene.name);
            Failure::unknown("scene", name, known, "`procession sweep --list` shows them all")
        })?);
    }
    if chosen.is_empty() {
        chosen = scenes::all().iter().filter(|scene| args.heavy || !scene.heavy).collect();
    }
    if args.at.is_some() && (args.scene.len() != 1 || args.mode.len() != 1 || args.schedule.len() != 1) {
        return Err(Failure::usage(
            "--at names a point of one --scene, --mode and --schedule; name each once",
        ));
    }
    let mode = |mode: &ModeArg| match mode {
        ModeArg::Op => Mode::Op,
        ModeArg::Step => Mode::Step,
        ModeArg::Random => Mode::Random,
    };
    let schedule = |schedule: &ScheduleArg| match schedule {
        ScheduleArg::Racing => Schedule::Racing,
        ScheduleArg::After => Schedule::After,
    };
    let all_if_none = |modes: Vec<Mode>| if modes.is_empty() { Mode::SWEEPING.to_vec() } else { modes };
    let both_if_none =
        |schedules: Vec<Schedule>| if schedules.is_empty() { Schedule::ALL.to_vec() } else { schedules };
    // A row mostly waits, for its processes to come and go, so there are more runs than processors.
    let jobs = 2 * thread::available_parallelism().map_or(1, usize::from);
    Ok(Options {
        scenes: chosen,
        modes: all_if_none(args.mode.iter().map(mode).collect()),
        schedules: both_if_none(args.schedule.iter().map(schedule).collect()),
        at: args.at,
        every: args.every,
        turns: args.turns,
        budget: Duration::from_secs(match args.quick {
            true => args.seconds.min(QUICK_SECONDS),
            false => args.seconds,
        }),
        longest: if args.quick { QUICK_LONGEST } else { sweep::LONGEST },
        most: if args.quick { QUICK_POINTS } else { args.points.unwrap_or(u64::MAX) },
        seed: args.seed.0,
        jobs: args.jobs.map_or(jobs, usize::from),
        evidence: Some(args.report.clone()),
        replay_as: None,
        width: width(),
        session: args.patience.session(),
    })
}

/// Prints the scenes.
fn list(args: &SweepArgs) -> u8 {
    for scene in scenes::all() {
        match args.format {
            ListFormat::Text => say(format_args!("{:26} {}", scene.name, scene.text)),
            ListFormat::Json => {
                let (name, text, swept, heavy) = (scene.name, scene.text, scene.swept, scene.heavy);
                say(serde_json::json!({ "scene": name, "text": text, "swept": swept, "heavy": heavy }));
            }
        }
    }
    0
}

fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{elapsed:>4} {wide_bar} {pos}/{len} rows  {msg}")
        .expect("a fixed template");
    let bar = ProgressBar::new(1).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
