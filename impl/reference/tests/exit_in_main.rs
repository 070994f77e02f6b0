//! A handler for the end of the process sends a value, in the main process too.
#![expect(unsafe_code, reason = "forks a copy that ends as the program would")]

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use procession_reference::connection::{RecvError, pipe};
use procession_reference::{Queue, exit};

#[test]
fn values_travel_when_the_main_thread_has_lost_its_thread_locals() {
    let (receiver, sender) = pipe(false).unwrap();
    let queue = Queue::new().unwrap();
    // SAFETY: the copy only uses what is made for it, and ends.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Child => {
            sender.register().unwrap();
            let putting = queue.clone();
            exit::at_exit(move || {
                sender.send(&vec!["the", "last", "word"]).unwrap();
                putting.put(&7).unwrap();
            });
            // Buffers of thread-locals are in use before, as in a program that has sent something.
            queue.put(&1).unwrap();
            // The C library ends the thread's locals first, and runs handlers then.
            std::process::exit(0)
        }
        ForkResult::Parent { child } => {
            assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
        }
    }
    // This copy would hide the end of the stream.
    sender.close();
    assert_eq!(receiver.recv::<Vec<String>>().unwrap(), ["the", "last", "word"]);
    assert!(matches!(receiver.recv::<String>(), Err(RecvError::Eof)));
    assert_eq!((queue.get().unwrap(), queue.get().unwrap()), (1, 7));
}
