//! One run of one case: how long, how patient, and what may come of it.

use std::io;
use std::time::Duration;

use nix::errno::Errno;

/// How a run is to be.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// How long the window is in which messages are counted or round trips timed.
    pub length: Duration,
    /// How long to wait beyond that for roles to get ready, and to come to an end.
    pub patience: Duration,
}

impl Run {
    /// The window of Python's runs, whose messages take a hundred times as long.
    pub fn python_length(&self) -> Duration {
        self.length.max(Duration::from_millis(100)) * 5 / 3
    }
}

/// Why a run gave no figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// What was to be measured is not on this machine.
    NotFound(String),
    /// It went wrong: a message lost, torn or out of order, an error, a death, or no end.
    Failed(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Failed(format!("the system refused: {error}"))
    }
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Trouble {
        Trouble::Failed(format!("the system refused: {errno}"))
    }
}
