//! One file that two connections have open.

use freehold::{Bundle, Database, OpenOptions};
use tempfile::TempDir;

/// A file of `workflow` with rows, which is gone with its folder.
pub struct Shared {
    folder: TempDir,
}

impl Shared {
    pub fn new() -> Shared {
        let shared = Shared { folder: tempfile::tempdir().unwrap() };
        let mut image = freehold::testing::database("workflow", "development");
        std::fs::write(shared.path(), image.export().unwrap()).unwrap();
        shared
    }

    /// One more connection to it.
    pub fn open(&self) -> Database {
        let bundle = Bundle::builtin("workflow").unwrap();
        freehold::open(self.path(), bundle, OpenOptions::default()).unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("workflow.db")
    }
}
