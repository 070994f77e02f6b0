//! What a listener leaves in the file system, removed when it is closed or when its process ends normally.

use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use procession_reference::exit::at_exit_after_children;

use crate::per_process::OncePerProcess;

/// A directory that only this user can enter. Dropping it removes it, if it is empty and in the process that
/// made it.
#[derive(Debug)]
pub(crate) struct PrivateDirectory {
    path: PathBuf,
    process: u32,
}

impl PrivateDirectory {
    /// A new one in the directory for temporary files; in `/tmp` where that one's name is too long for a socket
    /// in it.
    pub(crate) fn new() -> io::Result<PrivateDirectory> {
        // Room for `/procession-XXXXXX/listener` and more.
        const LONGEST: usize = 70;
        let mut parent = std::env::temp_dir();
        if parent.as_os_str().len() > LONGEST {
            parent = "/tmp".into();
        }
        // The system call makes it with mode 0700.
        let path = nix::unistd::mkdtemp(&parent.join("procession-XXXXXX"))?;
        Ok(PrivateDirectory { path, process: process::id() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if self.process == process::id() {
            // Fails where somebody has put something there: then it stays.
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// The path of a socket, and the directory that was made for it.
///
/// Only the process that made it removes it: a forked copy listens at the same socket.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    process: u32,
}

/// The places of this process that are not removed yet: in which process, the path, and its directory.
static PLACES: Mutex<Vec<(u32, PathBuf, Option<PrivateDirectory>)>> = Mutex::new(Vec::new());

impl Place {
    pub(crate) fn new(path: &Path, directory: Option<PrivateDirectory>) -> Place {
        // A relative path would be another one after a change of the working directory.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
        static REGISTERED: OncePerProcess = OncePerProcess::new();
        if REGISTERED.is_first() {
            at_exit_after_children(remove_all);
        }
        let process = process::id();
        PLACES.lock().unwrap_or_else(PoisonError::into_inner).push((process, path.clone(), directory));
        Place { path, process }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.process != process::id() {
            return;
        }
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let found =
            places.iter().position(|(process, path, _)| (*process, path) == (self.process, &self.path));
        if let Some(index) = found {
            remove(places.swap_remove(index));
        }
    }
}

fn remove_all() {
    let places = std::mem::take(&mut *PLACES.lock().unwrap_or_else(PoisonError::into_inner));
    places.into_iter().filter(|(process, ..)| *process == process::id()).for_each(remove);
}

fn remove((_, path, directory): (u32, PathBuf, Option<PrivateDirectory>)) {
    let _ = std::fs::remove_file(path);
    drop(directory);
}
