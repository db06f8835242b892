//! The first look at a file, before SQLite opens it: is it a database, and is it whole?
//!
//! SQLite opens a file lazily and would roll a journal back into whatever it was pointed at; and it
//! reads what a file lacks at its end as zeros. The layout is in the file format's specification
//! (<https://sqlite.org/fileformat2.html>, section 1.3).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use freehold_core::{Error, Result};

const HEADER_BYTES: u64 = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Looks at an existing file. An empty one is an empty database.
///
/// # Errors
///
/// - `not_a_database`: the file is something else.
/// - `corrupt`: the file ends before the size that its header names.
/// - `io`: the file can't be read.
pub(crate) fn check(path: &Path) -> Result<()> {
    let mut header = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut header))
        .map_err(|error| unreadable(path, &error))?;
    if header.is_empty() {
        return Ok(());
    }
    if !header.starts_with(MAGIC) {
        return Err(Error::NotADatabase);
    }
    let Some(expected) = expected_bytes(&header) else { return Ok(()) };
    // The order matters beside other processes: whoever is changing the file's size keeps something
    // in one of these until the file is whole again.
    if ["-wal", "-journal"].iter().any(|suffix| has_content(&sibling(path, suffix))) {
        return Ok(());
    }
    let found = path.metadata().map_err(|error| unreadable(path, &error))?.len();
    match found < expected {
        true => Err(Error::Corrupt {
            message: format!("the file is cut off: it has {found} of {expected} bytes"),
        }),
        false => Ok(()),
    }
}

/// A file that SQLite keeps beside a database: `work.db` and `-wal` make `work.db-wal`.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether there is a file of this name with something in it.
pub(crate) fn has_content(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.len() > 0)
}

/// The file's size by its header, where the header knows it.
fn expected_bytes(header: &[u8]) -> Option<u64> {
    let number = |at: usize| -> Option<u64> {
        let bytes: [u8; 4] = header.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes).into())
    };
    let page_bytes: [u8; 2] = header.get(16..18)?.try_into().ok()?;
    let page_bytes = match u16::from_be_bytes(page_bytes) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    // Writers older than SQLite 3.7 leave the page count alone; then these two differ.
    let is_known = number(24)? == number(92)?;
    let pages = number(28)?;
    (is_known && pages > 0).then_some(pages * page_bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::Io { message: format!("{}: {error}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_size() {
        let mut header = vec![0_u8; 100];
        header[16..18].copy_from_slice(&4096_u16.to_be_bytes());
        header[28..32].copy_from_slice(&3_u32.to_be_bytes());
        assert_eq!(expected_bytes(&header), Some(12_288));
        header[16..18].copy_from_slice(&1_u16.to_be_bytes());
        assert_eq!(expected_bytes(&header), Some(196_608));
        header[24] = 1;
        assert_eq!(expected_bytes(&header), None, "an old writer's count says nothing");
        assert_eq!(expected_bytes(&header[..50]), None);
    }
}
