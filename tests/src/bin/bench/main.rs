//! The native benchmarks: ratios within one run, medians of interleaved repetitions.
//!
//! An argument names the part that is wanted. Exits with 1 when a limit does not hold.

#![allow(clippy::unwrap_used)]

mod capturing;
mod gateway;
mod growth;
mod migrating;
mod session_writes;
mod sessions;
mod world;
mod writing;

use freehold_tests::measure::{Line, report};

/// A part of the report, and what measures it.
type Part = (&'static str, fn() -> Vec<Line>);

const PARTS: [Part; 7] = [
    ("starting and migrating", migrating::lines),
    ("writing", writing::lines),
    ("recording", capturing::lines),
    ("sessions: reads", sessions::lines),
    ("sessions: SQL", gateway::lines),
    ("sessions: writes", session_writes::lines),
    ("growth", growth::lines),
];

fn main() {
    if cfg!(debug_assertions) {
        eprintln!("benchmarks want --release; these figures mean nothing");
    }
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let parts = PARTS.iter().filter(|(name, _)| name.contains(&wanted));
    let holds: Vec<bool> = parts.map(|(name, lines)| report(name, &lines())).collect();
    if holds.contains(&false) {
        std::process::exit(1);
    }
}
