//! Producer order: each consumer takes the items of one producer in the order of their puts.

use super::Run;
use super::fail;
use super::queue::{Queue, Span, cite};
use super::words;
use crate::verdict::{FailureKind, Verdict};

/// Looks for a consumer that took two items of one producer the wrong way round.
pub fn check(run: &Run, queue: &Queue) -> Verdict {
    let workers = run.program.roles.len();
    // For each consumer and producer the last item taken: its put and its get.
    let mut last: Vec<Option<(usize, Span)>> = vec![None; workers * workers];
    for &(put, get) in &queue.gets {
        let place = &mut last[get.worker * workers + queue.puts[put].span.worker];
        if let Some((earlier, first)) = place.filter(|(earlier, _)| *earlier > put) {
            let (one, two) = (&queue.puts[put], &queue.puts[earlier]);
            return fail(
                FailureKind::OutOfOrder,
                format!(
                    "{} takes {} before {}, as {} put them",
                    run.name(get.worker),
                    words::item(&one.item),
                    words::item(&two.item),
                    run.name(one.span.worker)
                ),
                format!("it took {} first", words::item(&two.item)),
                cite(run, &[get, first, one.span, two.span]),
            );
        }
        *place = Some((put, get));
    }
    Verdict::Pass
}
