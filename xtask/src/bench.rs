//! The benchmarks: natively a program of the tests' package, in a release build; in a browser the
//! harness in `tests/bench-browser`.

use crate::failure::{Failure, Outcome};
use crate::process::{self, cargo, command, npm, root};
use crate::{browser, npm, setup, wasm};

/// Its npm packages are its own: the contenders weigh more than everything else together.
const BROWSER_HARNESS: &str = "tests/bench-browser";

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

/// Sets up, builds the package for browsers and measures it against others, handing the harness
/// `options`.
///
/// # Errors
///
/// When a step fails, or a limit is not met.
pub fn run_in_browser(options: &[&str]) -> Outcome<()> {
    setup::ensure(setup::FOR_DEMO)?;
    wasm::build()?;
    npm::run_script("wasm/js", "build")?;
    let chromium = browser::find()
        .ok_or_else(|| Failure::new("Chromium is missing").remedy(browser::PACKAGE.elsewhere))?;
    let folder = root().join(BROWSER_HARNESS);
    process::run(npm().args(["ci", "--no-fund", "--no-audit"]).current_dir(&folder))?;
    let harness = folder.join("run.mjs");
    process::run(command("node").arg(harness).args(options).env(browser::VARIABLE, chromium))
}
