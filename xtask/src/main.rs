//! The project's own commands.

mod failure;
mod process;
mod wasm;

use std::process::ExitCode;

fn main() -> ExitCode {
    match wasm::build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
