//! What a server of this adapter does before it serves, in the process in which it does.

use std::marker::PhantomData;
use std::path::PathBuf;

use procession_contract::{ActionEnd, BarrierAction, Body, Initializer, run_directory};
use procession_manager::Setup;
use procession_manager::server::Settings;
use serde::{Deserialize, Serialize};

use super::super::registered;

/// The types that every adapter registers, and what a script wants to be done first.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Types<B> {
    directory: PathBuf,
    initializer: Option<Initializer>,
    of: PhantomData<fn() -> B>,
}

impl<B: Body> Types<B> {
    pub(super) fn new(initializer: Option<Initializer>) -> Types<B> {
        Types::of_run(run_directory().unwrap_or_default(), initializer)
    }

    pub(super) fn of_run(directory: PathBuf, initializer: Option<Initializer>) -> Types<B> {
        Types { directory, initializer, of: PhantomData }
    }
}

impl<B: Body> Setup for Types<B> {
    fn set_up(self, settings: &mut Settings) -> Result<(), String> {
        B::join_run(&self.directory);
        settings.registry = registered::registry();
        let action = match self.initializer {
            None | Some(Initializer::Nonsense) => return Ok(()),
            Some(Initializer::Counts(word)) => BarrierAction { word, then: ActionEnd::Returns },
            Some(Initializer::Raises) => BarrierAction { word: u32::MAX, then: ActionEnd::Raises },
        };
        action.perform().map_err(|_| "the initializer refuses".into())
    }
}
