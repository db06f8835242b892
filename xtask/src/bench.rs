//! The benchmarks: a program of the tests' package, in a release build.

use crate::failure::Outcome;
use crate::process::{self, cargo};

/// Builds and runs the benchmarks, handing them `options`.
///
/// # Errors
///
/// When they do not build, or fail.
pub fn run(options: &[&str]) -> Outcome<()> {
    process::run(
        cargo()
            .args(["run", "--release", "--package", "freehold-tests", "--bin", "bench", "--"])
            .args(options),
    )
}
