//! Which parts of which files a process shows in its memory (`/proc/PID/maps`).

use std::fs;
use std::path::Path;

/// Where a process has mapped this byte of a file.
pub(super) fn mapped(pid: i32, path: &Path, offset: u64) -> Option<u64> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let path = path.to_str()?;
    let mut mapped = maps.lines().filter_map(parse_mapping);
    mapped.find_map(|(mapping, _)| (mapping.file == path).then(|| mapping.address(offset)).flatten())
}

/// The code of a process.
pub(super) fn code(pid: i32) -> Vec<Mapping> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let mapped = maps.lines().filter_map(parse_mapping);
    mapped.filter_map(|(mapping, executable)| executable.then_some(mapping)).collect()
}

/// A part of a process's memory that shows a part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Where in the file the first address is.
    pub(super) offset: u64,
    pub(super) file: String,
}

impl Mapping {
    /// Where in the file an address is.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        (self.start..self.end).contains(&address).then(|| address - self.start + self.offset)
    }

    /// At which address a byte of the file is.
    pub(super) fn address(&self, offset: u64) -> Option<u64> {
        let address = offset.checked_sub(self.offset)?.checked_add(self.start)?;
        (address < self.end).then_some(address)
    }
}

/// A line of `maps`, and whether what it shows can be executed.
fn parse_mapping(line: &str) -> Option<(Mapping, bool)> {
    let hexadecimal = |digits| u64::from_str_radix(digits, 16).ok();
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let mut fields = rest.splitn(5, ' ');
    let (rights, offset) = (fields.next()?, fields.next()?);
    let file = fields.nth(2)?.trim_start();
    let (start, end, offset) = (hexadecimal(start)?, hexadecimal(end)?, hexadecimal(offset)?);
    Some((Mapping { start, end, offset, file: file.into() }, rights.contains('x')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_of_a_file_is_found_where_it_is_mapped() {
        let line =
            "7f00001000-7f00002000 r-xs 00002000 00:1f 77                         /tmp/run 1/w.history";
        let (mapping, executable) = parse_mapping(line).expect("this is what the kernel writes");
        assert_eq!((mapping.file.as_str(), executable), ("/tmp/run 1/w.history", true));
        assert_eq!(mapping.address(0x2010), Some(0x7f_0000_1010));
        assert_eq!(mapping.offset(0x7f_0000_1010), Some(0x2010));
        assert_eq!(mapping.address(0x1fff), None);
        assert_eq!(mapping.address(0x3000), None);
        assert!(parse_mapping("7f00001000-7f00002000 rw-p 00000000 00:00 0 ").is_some());
    }
}
