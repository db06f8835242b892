//! The gate: everything that must hold before a change is good, the cheapest checks first.

use crate::failure::Outcome;
use crate::process::{cargo, run, succeeds};
use crate::steps::Steps;
use crate::{browser, compiler, npm, setup, tidy, wasm};

/// The crates that are compiled for browsers.
const WASM_CRATES: &[&str] = &[
    "--package",
    "freehold-migrations",
    "--package",
    "freehold-core",
    "--package",
    "freehold-wasm",
];

/// Sets up what is missing, then runs the gate.
///
/// # Errors
///
/// The first failure of either.
pub fn test() -> Outcome<()> {
    let mut steps = Steps::default();
    steps.run("set-up", || setup::ensure(setup::FOR_GATE))?;
    run_gate(&mut steps)
}

/// Runs the gate, and installs nothing.
///
/// # Errors
///
/// The first step's failure, or what is missing.
pub fn check() -> Outcome<()> {
    setup::require(setup::FOR_GATE)?;
    run_gate(&mut Steps::default())
}

fn run_gate(steps: &mut Steps) -> Outcome<()> {
    steps.run("format", || run(cargo().args(["fmt", "--all", "--check"])))?;
    steps.run("tidy", tidy::run)?;
    steps.run("clippy, native", clippy_native)?;
    steps.run("clippy, wasm32", clippy_wasm)?;
    steps.run("tests", tests)?;
    steps.run("tests of the documentation", doc_tests)?;
    steps.run("documentation", documentation)?;
    steps.run("wasm build and its size", wasm::build)?;
    steps.run("TypeScript", typescript)?;
    steps.run("page", || npm::run_script("web-demo", "build"))?;
    steps.run("browser tests", browser::test)?;
    steps.print_summary();
    Ok(())
}

fn clippy_native() -> Outcome<()> {
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--all-features"])
        .args(["--", "-D", "warnings"]))
}

/// With the profile of the build, so that SQLite's C is compiled once for both.
fn clippy_wasm() -> Outcome<()> {
    let mut clippy = cargo();
    clippy.arg("clippy").args(WASM_CRATES).args(["--target", wasm::TARGET, "--profile", "wasm"]);
    compiler::apply(&mut clippy);
    run(clippy.args(["--", "-D", "warnings"]))?;
    // Apart, since with the others the core would have its database.
    let mut clippy = cargo();
    clippy.args(["clippy", "--package", "freehold-core", "--no-default-features"]);
    clippy.args(["--package", "freehold-validate", "--target", wasm::TARGET, "--profile", "wasm"]);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// This program's tests run apart: together with the others' its dependencies would be built once
/// more, with the features that the others ask of them.
fn tests() -> Outcome<()> {
    let others = ["--workspace", "--exclude", "xtask", "--all-features"];
    if succeeds(cargo().args(["nextest", "--version"])) {
        run(cargo().args(["nextest", "run"]).args(others))?;
        run(cargo().args(["nextest", "run", "--package", "xtask"]))
    } else {
        println!("cargo-nextest is not installed: cargo test runs the tests");
        let kinds = ["--lib", "--bins", "--tests"];
        run(cargo().arg("test").args(others).args(kinds))?;
        run(cargo().args(["test", "--package", "xtask"]))
    }
}

fn doc_tests() -> Outcome<()> {
    run(cargo().args(["test", "--doc", "--workspace", "--exclude", "xtask", "--all-features"]))
}

fn documentation() -> Outcome<()> {
    run(cargo()
        .args(["doc", "--workspace", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-D warnings"))?;
    let mut wasm = cargo();
    wasm.args(["doc", "--package", "freehold-wasm", "--package", "freehold-validate"])
        .args(["--no-deps", "--target", wasm::TARGET])
        .args(["--profile", "wasm"])
        .env("RUSTDOCFLAGS", "-D warnings");
    compiler::apply(&mut wasm);
    run(&mut wasm)
}

fn typescript() -> Outcome<()> {
    npm::run_script("wasm/js", "build")?;
    npm::run_script("wasm/js", "test")?;
    npm::run_script("web-demo", "check")
}
