//! The demonstration: the page, built and served, and a native file with the same model beside it.

use std::fs;

use crate::failure::{During, Outcome};
use crate::process::{self, cargo, command, root, target_dir};
use crate::steps::Steps;
use crate::{npm, serve, setup, wasm};

const PAGE: &str = "web-demo/dist";
const FILE: &str = "demo/carcosa.db";
const INIT: &str = "--db demo/carcosa.db init --model carcosa --seed development";

/// Sets up, builds the page and the native file, and serves the page until it is stopped.
///
/// # Errors
///
/// When a step fails, or no port is free.
pub fn run(port: Option<u16>) -> Outcome<()> {
    // Taken first, so that a port that is not free is told before the long work.
    let listener = serve::listen(port)?;
    let address = listener.local_addr().during(|| "asking for the port".into())?;
    let mut steps = Steps::default();
    steps.run("set-up", || setup::ensure(setup::FOR_DEMO))?;
    steps.run("wasm build and its size", wasm::build)?;
    steps.run("page", build_page)?;
    steps.run("native file", make_file)?;
    print_welcome(address.port())?;
    serve::serve(&listener, &root().join(PAGE));
    Ok(())
}

fn build_page() -> Outcome<()> {
    npm::run_script("wasm/js", "build")?;
    npm::run_script("web-demo", "build")
}

/// `init` completes an existing file: a second demonstration keeps what the first one wrote.
fn make_file() -> Outcome<()> {
    let build = "build --package freehold --features cli --bin freehold";
    process::run(cargo().args(build.split(' ')))?;
    let folder = root().join("demo");
    fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
    process::run(command(target_dir()?.join("debug/freehold")).args(INIT.split(' ')))
}

fn print_welcome(port: u16) -> Outcome<()> {
    let target_dir = target_dir()?;
    let program = target_dir.strip_prefix(root()).unwrap_or(&target_dir).join("debug/freehold");
    println!(
        "
The page:         http://127.0.0.1:{port}/
The native file:  {FILE}, made by the same core; ask it with
  {} --db {FILE} sql --owner 'SELECT id, name FROM organizations'

Ctrl+C stops the page.",
        program.display()
    );
    Ok(())
}
