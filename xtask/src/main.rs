//! The project's own commands: `cargo xtask` lists them.

mod bench;
mod browser;
mod compiler;
mod demo;
mod failure;
mod gate;
mod npm;
mod parts;
mod process;
mod python;
mod serve;
mod setup;
mod small;
mod split;
mod steps;
mod system;
mod tidy;
mod validation;
mod wasm;

use std::env;
use std::process::ExitCode;

use failure::{Failure, Outcome};

const USAGE: &str = "\
Usage: cargo xtask <command>

  demo [--port N]   set up, build, make demo/carcosa.db and serve the page (on port 4173 or the
                    next free one)
  test              set up, then the full gate; what continuous integration runs
  check             the full gate alone
  wasm [--parts]    build the files for browsers into wasm/js/dist and print their sizes; or print
                    what the larger one consists of; `--validation` builds the small one alone
  tidy              the rules of the source text: module docs, sizes, what the core must not name
  bench [ARGUMENT]… the benchmarks, in a release build
  bench browser [OPTION]…
                    the package in Chromium against others; tests/bench-browser has the options
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["demo", ref options @ ..] => port(options).and_then(demo::run),
        ["test"] => gate::test(),
        ["check"] => gate::check(),
        ["wasm"] => wasm::build(),
        ["wasm", "--validation"] => validation::build(),
        ["wasm", "--parts"] => wasm::print_parts(),
        ["tidy"] => tidy::run(),
        ["bench", "browser", ref options @ ..] => bench::run_in_browser(options),
        ["bench", ref options @ ..] => bench::run(options),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The port that was asked for, if one was.
fn port(options: &[&str]) -> Outcome<Option<u16>> {
    match options {
        [] => Ok(None),
        ["--port", number] => number.parse().map(Some).map_err(|_| {
            Failure::new(format!("{number:?} is no port")).remedy("give a number from 1 to 65535")
        }),
        _ => Err(Failure::new(format!("demo does not know {options:?}")).remedy(USAGE)),
    }
}
