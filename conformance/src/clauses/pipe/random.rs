//! The order of messages, under programs that nobody thought of.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/order-in-any-program",
        level: Level::Must,
        text: "Whatever two processes at the two ends send and receive, each direction delivers whole \
            messages in the order in which they were sent.",
        source: "doc Connection.send, Connection.recv",
        programs: |seed| any_programs(seed).map(without_end).collect(),
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/order-and-end-in-any-program",
        level: Level::Beyond,
        text: "Whatever two processes at the two ends send and receive, each direction delivers whole \
            messages in the order in which they were sent, and then the end of the stream, also where others were \
            started in between.",
        source: "as pipe/order-in-any-program and pipe/end-seen-when-its-users-are-gone",
        programs: |seed| any_programs(seed).collect(),
        ..Clause::BLANK
    },
];

/// How many random programs a run of the suite contains.
const RANDOM_PROGRAMS: u64 = 16;

fn any_programs(seed: u64) -> impl Iterator<Item = Program> {
    (0..RANDOM_PROGRAMS).map(move |index| random::pipe_program(seed.wrapping_add(index)))
}

/// The program without the receives that see the end of the stream: an inherited copy of the sending
/// end may hide it from them.
fn without_end(mut program: Program) -> Program {
    for (end, other) in [("p.0", "p.1"), ("p.1", "p.0")] {
        let sends = program.lines().filter(|(_, line)| line.step.on == other && sends(line)).count();
        let mut receives = 0;
        for role in &mut program.roles {
            role.lines.retain(|line| {
                let receive =
                    line.step.on == end && matches!(line.step.call, Call::Recv | Call::RecvBytes { .. });
                receives += usize::from(receive);
                !receive || receives <= sends
            });
        }
    }
    program
}

fn sends(line: &Line) -> bool {
    matches!(line.step.call, Call::Send { .. } | Call::SendBytes { .. })
}
