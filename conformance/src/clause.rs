//! A clause: one numbered promise, with the programs that put it to the test.

use crate::program::Program;

/// How binding a clause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Stated by the documentation or asserted by the tests of CPython, and portable.
    Must,
    /// Consistent behaviour that a careful program may rely on.
    Should,
    /// A freedom that implementations use differently.
    May,
    /// A known weakness of CPython turned into the promise that a better implementation keeps.
    Beyond,
}

impl Level {
    /// The level's name in reports and options.
    pub fn name(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::May => "MAY",
            Level::Beyond => "BEYOND",
        }
    }
}

/// One promise.
#[derive(Clone, Copy)]
pub struct Clause {
    /// `area/kebab-name`; never reused, never a position.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// What must hold, in our own words.
    pub text: &'static str,
    /// Where that is said.
    pub source: &'static str,
    /// The inventory id that it comes from, where it has another name here (BEYOND clauses).
    pub origin: Option<&'static str>,
    /// Claims of the manifest without which the clause means nothing; objects, calls and start
    /// methods need not be named, they are read off the programs.
    pub claims: &'static [&'static str],
    /// The programs that test it. Every one of them must pass. Random ones come from the seed.
    pub programs: fn(seed: u64) -> Vec<Program>,
}

impl Clause {
    /// A clause of which nothing is said yet: what most clauses leave unsaid is taken from here.
    pub const BLANK: Clause = Clause {
        id: "",
        level: Level::Must,
        text: "",
        source: "",
        origin: None,
        claims: &[],
        programs: |_| Vec::new(),
    };

    /// The part of the id before the slash.
    pub fn area(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }
}

impl std::fmt::Debug for Clause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clause").field("id", &self.id).field("level", &self.level).finish_non_exhaustive()
    }
}
