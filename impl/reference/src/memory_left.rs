//! Whether there can be as much memory as is asked for.

use std::io;

use nix::errno::Errno;

/// What is not more than this is not looked at: the system says itself whether it is there.
const SMALL: u64 = 16 << 20;

/// Refuses more memory than the system can have free at this moment.
///
/// Memory is provided when it is asked for, not when it is touched. A file system without a limit of its
/// own, as that of anonymous files, would go on providing until the system kills programs for want of
/// memory.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn refuse_more_than_there_is(bytes: u64) -> io::Result<()> {
    if bytes <= SMALL {
        return Ok(());
    }
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let kib = |field: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    let there_is = (kib("MemAvailable:") + kib("SwapFree:")).saturating_mul(1024);
    if bytes > there_is { Err(Errno::ENOMEM.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_there_is_refused() {
        assert!(refuse_more_than_there_is(SMALL).is_ok());
        let refused = refuse_more_than_there_is(1 << 60).expect_err("refused");
        assert_eq!(refused.raw_os_error(), Some(libc::ENOMEM));
    }
}
