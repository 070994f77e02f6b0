//! `manager`: servers of shared objects, for programs in Rust and for CPython's `multiprocessing`.

mod amounts;
mod key;
mod place;
mod serve;
mod soak;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use procession_manager::Address;

use super::{Failure, registry};

/// What `manager` is asked.
#[derive(Args)]
pub struct ManagerArgs {
    #[command(subcommand)]
    command: ManagerCommand,
}

#[derive(Subcommand)]
enum ManagerCommand {
    /// Serves shared objects to any program that knows the key
    ///
    /// Prints one line, the address, when clients can connect, and serves until SIGINT, SIGTERM or SIGHUP, or until a
    /// client asks for the shutdown; then it ends with status 0 and leaves no file.
    ///
    /// The objects are those of Python's SyncManager: list, dict, Namespace, Value, Array, Queue, JoinableQueue, Lock,
    /// RLock, Semaphore, BoundedSemaphore, Condition, Event, Barrier.
    Serve(Box<serve::ServeArgs>),
    /// Kills clients of a server at random, and shows what of them remains in it
    ///
    /// Starts `procession manager serve` and clients in Rust and Python that call methods of every type at random, kills
    /// clients with SIGKILL and starts others in their place. Then it kills them all and shows what of them remained
    /// in the server: objects, descriptors, threads, items that nobody got, locks that nobody gave back.
    ///
    /// Exit status: 0 where nothing remained, 1 where something did, 3 where it could not be done.
    Soak(soak::SoakArgs),
    /// A client that is killed
    #[command(hide = true)]
    SoakClient {
        /// Where the server is
        #[arg(value_parser = place::address)]
        address: Address,
        /// Which client it is
        number: u64,
        /// The seed of what it calls
        seed: u64,
    },
    /// Serves a manager's objects to the adapter that started it, as it asks on standard input
    #[command(hide = true)]
    Adapter,
}

/// Does what is asked; the exit status of what says itself why it fails.
pub fn manager(args: &ManagerArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        ManagerCommand::Serve(args) => serve::serve(args).map(|()| ExitCode::SUCCESS),
        ManagerCommand::Soak(args) => soak::soak(args).map(ExitCode::from),
        ManagerCommand::SoakClient { address, number, seed } => {
            soak::client::run(address, *number, *seed);
            Ok(ExitCode::SUCCESS)
        }
        ManagerCommand::Adapter => Ok(registry::serve_manager()),
    }
}
