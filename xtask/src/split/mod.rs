//! Splitting the browser's file in two: what everyday work executes, and the rest.
//!
//! Which functions everyday work executes is seen by running it (`trace`). The others move to a
//! second file (`cut`), which is loaded behind the first. Calls of these go through a function of
//! the first file (`doors`), so that they are right whether or not the second file has come.

mod cut;
mod doors;
mod names;
#[cfg(test)]
mod tests;
mod trace;

pub use cut::cut;
pub use trace::trace;

use std::path::Path;

use walrus::{FunctionId, FunctionKind, Module, ModuleConfig};

use crate::failure::{During, Failure, Outcome};

/// Reads a module with its names.
fn read(file: &Path) -> Outcome<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(true).generate_producers_section(false);
    config
        .parse_file(file)
        .map_err(|error| Failure::new(format!("reading {}: {error:#}", file.display())))
}

fn write(module: &mut Module, file: &Path) -> Outcome<()> {
    module
        .emit_wasm_file(file)
        .map_err(|error| Failure::new(format!("writing {}: {error:#}", file.display())))
}

/// The functions of a module, those of the host included. A function's number is its place here,
/// the same each time the file is read.
fn numbered(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter().map(walrus::Function::id).collect()
}

fn is_defined(module: &Module, id: FunctionId) -> bool {
    matches!(module.funcs.get(id).kind, FunctionKind::Local(_))
}

/// Reads the numbers of functions that a trace left, one in a line.
///
/// # Errors
///
/// When the file can't be read, or holds something else.
pub fn read_trace(file: &Path) -> Outcome<Vec<usize>> {
    let text = std::fs::read_to_string(file).during(|| format!("reading {}", file.display()))?;
    let numbers: Result<Vec<usize>, _> = text.lines().map(str::parse).collect();
    numbers.map_err(|error| Failure::new(format!("reading {}: {error}", file.display())))
}
