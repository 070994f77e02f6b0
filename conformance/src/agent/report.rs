//! How a worker that cannot do its steps tells the control process why: a file in the run's directory,
//! because the worker may be a grandchild, and its reason must outlive it.

use std::fs;
use std::path::{Path, PathBuf};

use procession_contract::{Answer, Outcome};
use serde::{Deserialize, Serialize};

use crate::protocol::ErrorKind;

/// Why a run cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// Whose fault.
    pub(super) what: ErrorKind,
    /// In words.
    pub(super) detail: String,
}

impl Report {
    /// The adapter's own failure.
    pub(super) fn adapter(detail: impl Into<String>) -> Report {
        Report { what: ErrorKind::Adapter, detail: detail.into() }
    }

    /// What the implementation answered where no step can tell it.
    pub(super) fn implementation(doing: &str, answer: &Answer) -> Report {
        let what = match answer.outcome {
            Outcome::Unsupported => ErrorKind::Unsupported,
            _ => ErrorKind::Implementation,
        };
        let wording = answer.text.as_deref().unwrap_or("without a wording");
        Report { what, detail: format!("{doing}: {:?}, {wording}", answer.outcome) }
    }

    /// Leaves it for the control process, and for people on standard error. The first one of a run
    /// stays: what comes after it comes from it.
    pub(super) fn leave(&self, directory: &Path) {
        eprintln!("procession agent: {}", self.detail);
        let Ok(json) = serde_json::to_vec(self) else { return };
        // Written aside and then linked, so that it is there whole or not at all.
        let aside = directory.join(format!("agent-error.{}", std::process::id()));
        if fs::write(&aside, json).is_ok() {
            let _ = fs::hard_link(&aside, place(directory));
            let _ = fs::remove_file(aside);
        }
    }

    /// Takes the one that was left, if there is one.
    pub(super) fn take(directory: &Path) -> Option<Report> {
        let json = fs::read(place(directory)).ok()?;
        let _ = fs::remove_file(place(directory));
        let unreadable = |error| Report::adapter(format!("an unreadable report of a worker: {error}"));
        Some(serde_json::from_slice(&json).unwrap_or_else(unreadable))
    }
}

fn place(directory: &Path) -> PathBuf {
    directory.join("agent-error")
}
