//! Pipes on streams: what holds for any pipe holds for them.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[Clause {
    id: "pipe/streams-keep-the-same-promises",
    level: Level::Must,
    text: "Where pipes whose messages travel on a stream are offered beside others, all that pipes MUST \
        do holds for both.",
    source: "doc \"Pipes and Queues\": Pipe is a stream of the system there",
    programs: pipes_as_streams,
    ..Clause::BLANK
}];

/// The programs of every MUST clause about pipes, with pipes on streams in place of the others.
fn pipes_as_streams(seed: u64) -> Vec<Program> {
    let clauses = super::CHAPTERS.iter().copied().flatten();
    let binding = clauses.filter(|clause| {
        clause.level == Level::Must && clause.claims.is_empty() && clause.id != CLAUSES[0].id
    });
    let programs = binding.flat_map(|clause| {
        (clause.programs)(seed).into_iter().map(move |program| {
            let title = format!("{}: {}", clause.id, program.title);
            program.title(title)
        })
    });
    let has_other_pipes = |program: &Program| {
        program.objects.iter().any(|object| matches!(object.kind, ObjectKind::Pipe { .. }))
    };
    programs.filter(has_other_pipes).map(Program::on_streams).collect()
}
