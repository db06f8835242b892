//! The command line tool `freehold`.
//!
//! A command is a function from its arguments to a report or a failure ([`commands`]); this file
//! alone prints and decides the exit code: 0 done, 1 a check found something, 2 usage, 3 refused.

mod args;
mod commands;
mod context;
mod input;
mod params;
mod progress;
mod report;
mod table;
mod who;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::report::{Failure, print, print_failure};

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => match commands::run(&cli) {
            Ok(report) => print(&report, cli.json),
            Err(failure) => print_failure(&failure, cli.json),
        },
        Err(error) => unparsed(&error),
    }
}

/// Help and version are answers; everything else is a mistake in the call.
fn unparsed(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that has gone away has seen what it wanted.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let json = std::env::args_os().any(|argument| argument == OsStr::new("--json"));
    if json {
        let message = error.render().to_string();
        let message = message.strip_prefix("error: ").unwrap_or(&message).trim_end();
        return print_failure(&Failure::Usage(message.to_owned()), true);
    }
    let _ = error.print();
    ExitCode::from(2)
}
