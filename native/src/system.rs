//! The host of a native process: the system's clock and its random bytes.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use freehold_core::host::Host;

/// The system's clock, and random bytes from the system's cryptographic source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemHost;

impl Host for SystemHost {
    fn now_ms(&self) -> i64 {
        // A clock set before 1970 counts as 1970.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        // There is nothing weaker to fall back to: ids and keys hang on these bytes.
        getrandom::fill(buffer).expect("the system has a source of random bytes");
    }
}

/// The system as the host of one file, which it tells from copies.
#[derive(Debug, Clone)]
pub(crate) struct FileHost {
    place: Option<String>,
}

impl FileHost {
    /// The host of the file at a path; what is there is looked at once.
    pub(crate) fn of(path: &Path) -> FileHost {
        FileHost { place: place(path) }
    }
}

impl Host for FileHost {
    fn now_ms(&self) -> i64 {
        SystemHost.now_ms()
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        SystemHost.fill_random(buffer);
    }

    fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

/// When the file was made, and its number in the file system: both stay when it is moved. The
/// number alone goes to the next file when one is removed; the device's changes from one start of
/// the system to the next.
fn place(path: &Path) -> Option<String> {
    let found = path.metadata().ok()?;
    let made = found.created().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let number = 0;
    Some(format!("{made}-{number}"))
}
