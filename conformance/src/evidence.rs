//! Evidence: a program with the history of one run of it, stored as a file that can be judged again
//! for ever and replayed on the implementation.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use procession_contract::{Manifest, Method};
use serde::{Deserialize, Serialize};

use crate::history::History;
use crate::program::Program;
use crate::verdict::Verdict;

/// The version of the file's form.
pub const FORM: u32 = 1;

/// How the files end.
pub const EXTENSION: &str = "procession.json";

/// The reports that lie beside the files.
pub const REPORTS: [&str; 3] = ["report.jsonl", "report.txt", "report.xml"];

/// Where the files and reports of the run before are kept, below the directory of this one.
const EARLIER: &str = "earlier";

/// One run with everything that its verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The version of the form: [`FORM`].
    pub form: u32,
    /// The clause.
    pub clause: String,
    /// The implementation, as the suite was given it.
    pub implementation: String,
    /// What the implementation said of itself.
    pub manifest: Manifest,
    /// The start method of the run.
    pub method: Method,
    /// The seed from which random parts of the program came.
    pub seed: u64,
    /// The program.
    pub program: Program,
    /// What was seen.
    pub history: History,
    /// What the suite said of it then.
    pub verdict: Verdict,
}

/// Why a file is no evidence.
#[derive(Debug)]
pub enum EvidenceError {
    /// It cannot be read.
    Unreadable(PathBuf, io::Error),
    /// It is not in the form that this suite writes.
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 where the whole is meant.
        line: usize,
        /// What is wrong and what was expected.
        message: String,
    },
}

impl std::fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EvidenceError::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            EvidenceError::Malformed { path, line: 0, message } => write!(f, "{}: {message}", path.display()),
            EvidenceError::Malformed { path, line, message } => {
                write!(f, "{}:{line}: {message}", path.display())
            }
        }
    }
}

impl std::error::Error for EvidenceError {}

/// Makes the directory of a new run: what the run before has left there moves below `earlier`, in place
/// of what was there, so that every file beside a report belongs to it and yet a rare failure is not lost
/// with the next run. Files of other names stay.
///
/// # Errors
/// If the directory cannot be made, read or written.
pub fn set_aside(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    // Writing fails now rather than after the run.
    drop(tempfile::tempfile_in(directory)?);
    let left = own_files(directory)?;
    if left.is_empty() {
        return Ok(());
    }
    let earlier = directory.join(EARLIER);
    fs::create_dir_all(&earlier)?;
    for path in own_files(&earlier)? {
        fs::remove_file(path)?;
    }
    for path in left {
        fs::rename(&path, earlier.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// The files in a directory that have the name of evidence or of a report.
fn own_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut own = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(&format!(".{EXTENSION}")) || REPORTS.contains(&name.as_str()) {
            own.push(entry.path());
        }
    }
    Ok(own)
}

impl Evidence {
    /// Reads a stored file.
    pub fn read(path: &Path) -> Result<Evidence, EvidenceError> {
        let text = fs::read_to_string(path).map_err(|error| EvidenceError::Unreadable(path.into(), error))?;
        let malformed = |line, message: String| EvidenceError::Malformed { path: path.into(), line, message };
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let evidence: Evidence = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let field = error.path().to_string();
            let place = if field == "." { String::new() } else { format!("in `{field}`: ") };
            malformed(error.inner().line(), format!("{place}{}", error.inner()))
        })?;
        if evidence.form != FORM {
            return Err(malformed(0, format!("the form is {}, expected {FORM}", evidence.form)));
        }
        Ok(evidence)
    }

    /// Writes it into a directory, under a name made of the clause; an older file of that name stays
    /// and the new one gets a number.
    pub fn store(&self, directory: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(directory)?;
        let stem = self.clause.replace('/', ".");
        let text = serde_json::to_string_pretty(self).expect("evidence is plain data");
        let mut number = 0;
        loop {
            let name = if number == 0 { stem.clone() } else { format!("{stem}.{number}") };
            let path = directory.join(format!("{name}.{EXTENSION}"));
            match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    io::Write::write_all(&mut file, text.as_bytes())?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }
}
