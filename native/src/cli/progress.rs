//! One line on the terminal while a run takes its time; nothing in a pipe.

use std::io::{self, IsTerminal, Write};

use freehold::migrate::Progress;

/// The line. It goes away when the run is over.
pub struct ProgressLine {
    is_shown: bool,
}

impl ProgressLine {
    /// A line on stderr, where that is a terminal.
    pub fn new(json: bool) -> ProgressLine {
        ProgressLine { is_shown: !json && io::stderr().is_terminal() }
    }

    /// Says which migration runs.
    pub fn show(&mut self, progress: Progress<'_>) {
        if self.is_shown {
            let Progress { migration, done, total } = progress;
            let _ = write!(io::stderr(), "\r\x1b[K[{}/{total}] {migration}", done + 1);
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
