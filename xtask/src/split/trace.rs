//! A copy of the module that tells each function that it executes.

use std::path::Path;

use walrus::ValType;
use walrus::ir::{Call, Const, Value};

use super::{is_defined, numbered, read, write};
use crate::failure::Outcome;

/// Writes a copy of a module that calls the import `trace.enter` with a function's number
/// whenever the function is entered.
///
/// # Errors
///
/// When the module can't be read or the copy not be written.
pub fn trace(module: &Path, copy: &Path) -> Outcome<()> {
    let mut module = read(module)?;
    let functions = numbered(&module);
    let ty = module.types.add(&[ValType::I32], &[]);
    let (enter, _) = module.add_import_func("trace", "enter", ty);
    for (number, id) in functions.into_iter().enumerate() {
        if !is_defined(&module, id) {
            continue;
        }
        let function = module.funcs.get_mut(id).kind.unwrap_local_mut();
        let number = i32::try_from(number).expect("a module has fewer functions");
        let entry = function.entry_block();
        let instructions = &mut function.block_mut(entry).instrs;
        let place = walrus::ir::InstrLocId::default();
        let number = Const { value: Value::I32(number) };
        instructions.splice(0..0, [(number.into(), place), (Call { func: enter }.into(), place)]);
    }
    write(&mut module, copy)
}
