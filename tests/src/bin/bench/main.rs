//! The native benchmarks: ratios within one run, medians of interleaved repetitions.
//!
//! Exits with 1 when a limit does not hold.

#![allow(clippy::unwrap_used)]

mod growth;
mod migrating;
mod writing;

use freehold_tests::measure::report;

fn main() {
    if cfg!(debug_assertions) {
        eprintln!("benchmarks want --release; these figures mean nothing");
    }
    let reports = [
        report("Starting and migrating", &migrating::lines()),
        report("Writing", &writing::lines()),
        report("Growth", &growth::lines()),
    ];
    if reports.contains(&false) {
        std::process::exit(1);
    }
}
