//! The result: ratios with their goals, the figures behind them, and the machine.

use std::fmt::Write;

use serde::Serialize;

use crate::case::{Case, Unit};
use crate::goal::{GOALS, Goal, Sense};
use crate::machine::Machine;
use crate::run::Trouble;

/// A middle value and the extremes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// That of these values, none of which is NaN; `None` of none.
    pub fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Spread { median: (low + high) / 2.0, min, max })
    }
}

/// One run's outcome.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The figure, or why there is none.
    pub outcome: Result<f64, Trouble>,
    /// How many CPUs other processes kept busy meanwhile.
    pub others: f64,
}

/// All repetitions of one case.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name.
    pub case: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// One for each repetition.
    pub samples: Vec<Sample>,
}

impl Figure {
    /// Of a case without any repetition yet.
    pub fn new(case: &Case) -> Figure {
        Figure { case: case.name, unit: case.unit, samples: Vec::new() }
    }

    /// The figures of the repetitions that gave one.
    pub fn spread(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().filter_map(|sample| sample.outcome.clone().ok()).collect())
    }

    /// Why a repetition gave none, if one did not.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.samples.iter().find_map(|sample| sample.outcome.as_ref().err())
    }

    fn disturbed(&self, quiet: f64) -> usize {
        self.samples.iter().filter(|sample| sample.others >= quiet).count()
    }
}

/// The ratio of two cases, beside its goal.
#[derive(Clone, Debug)]
pub struct Row {
    /// The goal.
    pub goal: &'static Goal,
    /// The ratio over the pairs of repetitions; `None` if one of the cases has no figure.
    pub ratio: Option<Spread>,
    /// Whether the median reaches the goal.
    pub reached: Option<bool>,
    /// The ratio that the goal's floor would have in our place: nothing of the kind goes further on this
    /// machine. `None` if the goal has no floor, or one of the cases no figure.
    pub bound: Option<Spread>,
}

/// What a bench found out.
#[derive(Clone, Debug)]
pub struct Table {
    /// Every case that was measured.
    pub figures: Vec<Figure>,
    /// The machine.
    pub machine: Machine,
    /// By what the order of the runs was drawn.
    pub seed: u64,
    /// From how many busy CPUs on a run counts as disturbed by others.
    pub quiet: f64,
}

impl Table {
    /// The goals about cases that were measured.
    pub fn rows(&self) -> Vec<Row> {
        let find = |name| self.figures.iter().find(|figure| figure.case == name);
        GOALS
            .iter()
            .filter_map(|goal| {
                let (of, by) = (find(goal.of)?, find(goal.by)?);
                let ratio = ratio(of, by);
                let reached = ratio.map(|ratio| match goal.sense {
                    Sense::AtLeast => ratio.median >= goal.limit,
                    Sense::AtMost => ratio.median <= goal.limit,
                });
                // A floor stands where we do: above the line where more of ours is better and a larger ratio, or
                // less and a smaller one, below it otherwise.
                let floor = goal.floor.and_then(find);
                let is_above = of.unit.is_a_rate() == (goal.sense == Sense::AtLeast);
                let bound = floor
                    .and_then(|floor| if is_above { self::ratio(floor, by) } else { self::ratio(of, floor) });
                Some(Row { goal, ratio, reached, bound })
            })
            .collect()
    }

    /// The table for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let rows = self.rows();
        let width = rows.iter().map(|row| row.goal.text.len()).max().unwrap_or(0);
        if !rows.is_empty() {
            text.push_str("Ratios: median [min - max over pairs of repetitions], goal\n\n");
        }
        for Row { goal, ratio, reached, bound } in rows {
            let sign = if goal.sense == Sense::AtLeast { ">=" } else { "<=" };
            let measured = ratio.map_or("no figure".to_string(), |Spread { median, min, max }| {
                format!("{} [{} - {}]", factor(median), factor(min), factor(max))
            });
            let verdict = match reached {
                Some(true) => "reached",
                Some(false) => "not reached",
                None => "",
            };
            let beside = bound.zip(goal.floor).map_or(String::new(), |(bound, floor)| {
                format!("{} is the most: {floor}", factor(bound.median))
            });
            let line = format!(
                "{:width$}  {measured:<26} {sign} {:<6} {verdict:<12} {beside}",
                goal.text,
                factor(goal.limit)
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push_str("\nFigures: median [min - max] of repetitions, how many of them others disturbed\n\n");
        let width = self.figures.iter().map(|figure| figure.case.len()).max().unwrap_or(0);
        for figure in &self.figures {
            let spread = figure.spread().map(|Spread { median, min, max }| {
                let show = |value| amount(figure.unit, value);
                let disturbed = match figure.disturbed(self.quiet) {
                    0 => String::new(),
                    some => format!("  {some} of {} disturbed", figure.samples.len()),
                };
                format!("{:<12} [{} - {}]{disturbed}", show(median), show(min), show(max))
            });
            let trouble = figure.trouble().map(|trouble| match trouble {
                Trouble::NotFound(what) => format!("not found: {what}"),
                Trouble::Failed(what) => format!("failed: {what}"),
            });
            let parts: Vec<String> = spread.into_iter().chain(trouble).collect();
            let _ = writeln!(text, "{:width$}  {}", figure.case, parts.join("  "));
        }
        let _ = writeln!(
            text,
            "\n{}\nOrder drawn by seed {}. Sides of round trips are kept on two CPUs; awake: the partner has just answered; asleep: the kernel shows it asleep.",
            self.machine, self.seed
        );
        text
    }

    /// The table for programs: an object a line, for each goal, each case, and the machine.
    pub fn json_lines(&self) -> String {
        #[derive(Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Line<'a> {
            Goal {
                text: &'a str,
                of: &'a str,
                by: &'a str,
                sense: &'a str,
                limit: f64,
                ratio: Option<Spread>,
                reached: Option<bool>,
                floor: Option<&'a str>,
                bound: Option<Spread>,
            },
            Case {
                name: &'a str,
                unit: Unit,
                figure: Option<Spread>,
                samples: Vec<Option<f64>>,
                others: Vec<f64>,
                not_found: Option<&'a str>,
                failed: Option<&'a str>,
            },
            Machine {
                #[serde(flatten)]
                machine: &'a Machine,
                seed: u64,
            },
        }
        let goals = self.rows().into_iter().map(|Row { goal, ratio, reached, bound }| Line::Goal {
            text: goal.text,
            of: goal.of,
            by: goal.by,
            sense: if goal.sense == Sense::AtLeast { "at_least" } else { "at_most" },
            limit: goal.limit,
            ratio,
            reached,
            floor: goal.floor,
            bound,
        });
        let cases = self.figures.iter().map(|figure| Line::Case {
            name: figure.case,
            unit: figure.unit,
            figure: figure.spread(),
            samples: figure.samples.iter().map(|sample| sample.outcome.as_ref().ok().copied()).collect(),
            others: figure.samples.iter().map(|sample| sample.others).collect(),
            not_found: figure.trouble().and_then(|trouble| match trouble {
                Trouble::NotFound(what) => Some(what.as_str()),
                Trouble::Failed(_) => None,
            }),
            failed: figure.trouble().and_then(|trouble| match trouble {
                Trouble::Failed(what) => Some(what.as_str()),
                Trouble::NotFound(_) => None,
            }),
        });
        let machine = Line::Machine { machine: &self.machine, seed: self.seed };
        let mut text = String::new();
        for line in goals.chain(cases).chain([machine]) {
            text.push_str(&serde_json::to_string(&line).expect("plain data can be written as JSON"));
            text.push('\n');
        }
        text
    }
}

/// Over the pairs of repetitions in which both have a figure.
fn ratio(of: &Figure, by: &Figure) -> Option<Spread> {
    let pairs = of.samples.iter().zip(&by.samples);
    let ratios = pairs.filter_map(|(of, by)| Some(of.outcome.as_ref().ok()? / by.outcome.as_ref().ok()?));
    Spread::of(ratios.collect())
}

fn factor(ratio: f64) -> String {
    match ratio {
        100.0.. => format!("{ratio:.0}x"),
        10.0.. => format!("{ratio:.1}x"),
        _ => format!("{ratio:.2}x"),
    }
}

fn amount(unit: Unit, value: f64) -> String {
    let scaled = |value: f64, names: [&str; 4]| match value {
        1e9.. => format!("{:.2} {}", value / 1e9, names[3]),
        1e6.. => format!("{:.2} {}", value / 1e6, names[2]),
        1e3.. => format!("{:.1} {}", value / 1e3, names[1]),
        _ => format!("{value:.0} {}", names[0]),
    };
    match unit {
        Unit::Bytes => scaled(value, ["B", "kB", "MB", "GB"]),
        Unit::CallsPerSecond | Unit::MessagesPerSecond => scaled(value, ["/s", "k/s", "M/s", "G/s"]),
        Unit::BytesPerSecond => scaled(value, ["B/s", "kB/s", "MB/s", "GB/s"]),
        Unit::Nanoseconds => scaled(value, ["ns", "us", "ms", "s"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(of: Vec<Result<f64, Trouble>>, by: Vec<Result<f64, Trouble>>) -> Table {
        let goal = &GOALS[0];
        let figure = |case, outcomes: Vec<Result<f64, Trouble>>| Figure {
            case,
            unit: Unit::MessagesPerSecond,
            samples: outcomes.into_iter().map(|outcome| Sample { outcome, others: 0.5 }).collect(),
        };
        Table {
            figures: vec![figure(goal.of, of), figure(goal.by, by)],
            machine: Machine::this(),
            seed: 7,
            quiet: 0.1,
        }
    }

    #[test]
    fn a_ratio_is_taken_over_pairs_of_repetitions() {
        let rows = table(vec![Ok(300.0), Ok(100.0), Ok(440.0)], vec![Ok(1.0), Ok(2.0), Ok(2.0)]).rows();
        assert_eq!(rows.len(), 1, "only the goal whose cases were measured");
        assert_eq!(rows[0].ratio, Some(Spread { median: 220.0, min: 50.0, max: 300.0 }));
        assert_eq!(rows[0].reached, Some(true));
    }

    #[test]
    fn a_goal_with_a_floor_says_how_far_anything_could_go() {
        let goal = GOALS.iter().find(|goal| goal.floor.is_some()).expect("there is one");
        let figure = |case, nanoseconds| Figure {
            case,
            unit: Unit::Nanoseconds,
            samples: vec![Sample { outcome: Ok(nanoseconds), others: 0.0 }],
        };
        let floor = goal.floor.expect("chosen for it");
        let figures = vec![figure(goal.of, 30.0), figure(goal.by, 10.0), figure(floor, 5.0)];
        let table = Table { figures, ..table(Vec::new(), Vec::new()) };
        let row = table.rows().into_iter().find(|row| row.goal.text == goal.text).expect("it is measured");
        assert_eq!(row.bound.map(|bound| bound.median), Some(6.0));
        assert!(table.text().contains(&format!("6.00x is the most: {floor}")), "{}", table.text());
    }

    #[test]
    fn a_missing_peer_leaves_a_goal_neither_reached_nor_missed() {
        let missing = || Err(Trouble::NotFound("no python3".into()));
        let table = table(vec![Ok(300.0)], vec![missing()]);
        assert_eq!(table.rows()[0].reached, None);
        let text = table.text();
        assert!(text.contains("no figure") && text.contains("not found: no python3"), "{text}");
        assert!(text.contains("1 of 1 disturbed"), "{text}");
    }

    #[test]
    fn every_line_for_programs_is_an_object_with_a_kind() {
        let lines = table(vec![Ok(300.0)], vec![Ok(1.0)]).json_lines();
        let kinds: Vec<String> = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["kind"].to_string())
            .collect();
        assert_eq!(kinds, ["\"goal\"", "\"case\"", "\"case\"", "\"machine\""]);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(Spread::of(vec![4.0, 1.0, 3.0, 2.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
