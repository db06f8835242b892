//! Backups of a file, beside it: `work.db.backups/20250801T120000123Z-<from>-<to>.db`.
//!
//! The rule: the newest few stay (five by default), and of the older ones the largest, where it is
//! larger than all of them; the others go after a run that went well. A backup carries its final
//! name only once it is whole and has reached the medium, so that a process that is stopped in
//! between leaves none that looks like one. Nobody may read a backup who may not read the file.
//! Other files in the folder are left alone.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use freehold_core::host::{Host, format_time};
use freehold_core::migrate::BackupStore;
use freehold_core::{Error, Result};

use crate::header::sibling;
use crate::system::SystemHost;

const FINISHED: &str = ".db";
const UNFINISHED: &str = ".db.partial";

/// After this time nobody is still writing an unfinished backup.
const UNFINISHED_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps a file's backups in a folder beside it.
#[derive(Debug, Clone)]
pub struct FileBackups {
    file: PathBuf,
    folder: PathBuf,
    kept: usize,
}

impl FileBackups {
    /// How many backups stay unless somebody says otherwise.
    pub const KEPT_BY_DEFAULT: usize = 5;

    /// The backups of this file, of which the newest `kept` stay (at least 1).
    pub fn beside(file: &Path, kept: usize) -> FileBackups {
        FileBackups { file: file.to_owned(), folder: sibling(file, ".backups"), kept: kept.max(1) }
    }

    /// The finished backups, oldest first.
    ///
    /// # Errors
    ///
    /// - `io`: the folder can't be read.
    pub fn list(&self) -> Result<Vec<PathBuf>> {
        self.files(FINISHED).map_err(|error| self.failed(&error))
    }

    fn files(&self, ending: &str) -> io::Result<Vec<PathBuf>> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| is_backup(name, ending)) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::Io { message: format!("{}: {error}", self.folder.display()) }
    }

    fn make_folder(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)
    }

    /// Makes an empty file that whoever may read the database may read.
    fn make_file(&self, path: &Path) -> io::Result<()> {
        let made = File::create_new(path)?;
        if let Ok(found) = self.file.metadata() {
            made.set_permissions(found.permissions())?;
        }
        Ok(())
    }

    fn remove_unfinished(&self) -> io::Result<()> {
        for path in self.files(UNFINISHED)? {
            let age = path.metadata()?.modified()?.elapsed().unwrap_or_default();
            if age > UNFINISHED_MAX {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Brings the backup to the medium and gives it its name.
    fn finish(&self, path: &Path) -> io::Result<PathBuf> {
        let finished = path.with_extension("");
        File::options().write(true).open(path)?.sync_all()?;
        fs::rename(path, &finished)?;
        #[cfg(unix)]
        File::open(&self.folder)?.sync_all()?;
        Ok(finished)
    }
}

impl BackupStore for FileBackups {
    fn reserve(&self, label: &str) -> Result<String> {
        let digits = |time: String| time.replace(['-', ':', '.'], "");
        let time = digits(format_time(SystemHost.now_ms()));
        let path = self.folder.join(format!("{time}-{label}{UNFINISHED}"));
        self.make_folder()
            .and_then(|()| self.remove_unfinished())
            .and_then(|()| self.make_file(&path))
            .map_err(|error| backup_failed(&path, &error))?;
        match path.to_str() {
            Some(path) => Ok(path.to_owned()),
            None => {
                Err(Error::BackupFailed { message: format!("{} is not UTF-8", path.display()) })
            }
        }
    }

    fn keep(&self, path: &str) -> Result<String> {
        let finished =
            self.finish(Path::new(path)).map_err(|error| backup_failed(Path::new(path), &error))?;
        Ok(finished.display().to_string())
    }

    fn discard(&self, path: &str) {
        // What can't be removed goes with a later run; the folder only where nothing is in it.
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir(&self.folder);
    }

    fn prune(&self) -> Result<()> {
        let backups = self.list()?;
        let (older, newest) = backups.split_at(backups.len().saturating_sub(self.kept));
        let size = |path: &PathBuf| path.metadata().map_or(0, |found| found.len());
        let most = newest.iter().map(size).max().unwrap_or(0);
        // Runs on a database that lost its rows must not push out the backup that has them.
        let richest = older.iter().max_by_key(|path| size(path)).filter(|path| size(path) > most);
        for path in older.iter().filter(|path| Some(*path) != richest) {
            // The run went well; what can't be removed now goes after a later one.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

fn backup_failed(path: &Path, error: &io::Error) -> Error {
    Error::BackupFailed { message: format!("{}: {error}", path.display()) }
}

/// Whether a file of this name was made here: a time, two versions, and the ending.
fn is_backup(name: &str, ending: &str) -> bool {
    let Some(stem) = name.strip_suffix(ending) else { return false };
    let parts: Vec<&str> = stem.split('-').collect();
    let [time, from, to] = parts[..] else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    time.len() == 19 && digits.len() == 17 && is_number(from) && is_number(to)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("freehold-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn backups_are_told_by_their_names() {
        assert!(is_backup("20250801T120000123Z-0-20250729144819.db", FINISHED));
        assert!(is_backup("20250801T120000123Z-0-1.db.partial", UNFINISHED));
        assert!(!is_backup("20250801T120000123Z-0-1.db.partial", FINISHED));
        for other in ["notes.db", "mine-1-2.db", "20250801T120000123Z-0.db", "-1-2.db"] {
            assert!(!is_backup(other, FINISHED), "{other}");
        }
    }

    #[test]
    fn the_newest_stay_and_strangers_are_left_alone() {
        let folder = scratch("retention");
        let store = FileBackups::beside(&folder.join("work.db"), 2);
        fs::create_dir(&store.folder).unwrap();
        for name in ["1", "2", "3"] {
            let name = format!("2025080{name}T120000123Z-0-1.db");
            fs::write(store.folder.join(name), "").unwrap();
        }
        fs::write(store.folder.join("mine.db"), "").unwrap();
        store.prune().unwrap();
        let left: Vec<_> = store.list().unwrap();
        assert_eq!(left.len(), 2);
        assert!(left[0].ends_with("20250802T120000123Z-0-1.db"));
        assert!(store.folder.join("mine.db").exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_backup_that_has_the_rows_is_not_pushed_out() {
        let folder = scratch("richest");
        let store = FileBackups::beside(&folder.join("work.db"), 2);
        fs::create_dir(&store.folder).unwrap();
        for (day, rows) in [(1, 10), (2, 90), (3, 5), (4, 1), (5, 2)] {
            let name = format!("2025080{day}T120000123Z-0-1.db");
            fs::write(store.folder.join(name), "r".repeat(rows)).unwrap();
        }
        store.prune().unwrap();
        let left: Vec<_> = store.list().unwrap();
        assert_eq!(left.len(), 3);
        assert!(left[0].ends_with("20250802T120000123Z-0-1.db"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_backup_gets_its_name_when_it_is_whole() {
        let folder = scratch("finish");
        let store = FileBackups::beside(&folder.join("work.db"), 2);
        let path = store.reserve("0-1").unwrap();
        assert!(store.list().unwrap().is_empty());
        let kept = store.keep(&path).unwrap();
        assert_eq!(store.list().unwrap(), [PathBuf::from(kept)]);
        let path = store.reserve("1-2").unwrap();
        store.discard(&path);
        assert!(!Path::new(&path).exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_has_private_backups() {
        use std::os::unix::fs::PermissionsExt;
        let folder = scratch("private");
        let file = folder.join("work.db");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let store = FileBackups::beside(&file, 2);
        let path = store.reserve("0-1").unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }
}
