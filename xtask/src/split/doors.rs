//! The ways from one file to functions of the other.

use std::collections::BTreeMap;

use walrus::ir::{
    Call, CallIndirect, Const, Instr, InstrSeq, Value, VisitorMut, dfs_pre_order_mut,
};
use walrus::{
    ConstExpr, FunctionBuilder, FunctionId, FunctionKind, ImportKind, Module, TableId, TypeId,
    ValType,
};

use crate::failure::{Failure, Outcome};

/// The first file's global that says whether the second has been instantiated.
pub(super) const HAS_REST: &str = "has_rest";

/// The host's function that loads the second file, as the bindings call it: they add a hash.
const LOAD_REST: &str = "freeholdLoadRest";

/// What every way into the second file calls first: it has the host load the second file, once.
pub(super) fn add_ensure(module: &mut Module) -> Outcome<FunctionId> {
    let load = module.imports.iter().find_map(|import| match import.kind {
        ImportKind::Function(id) if import.name.contains(LOAD_REST) => Some(id),
        _ => None,
    });
    let load = load.ok_or_else(|| Failure::new(format!("the module has no import {LOAD_REST}")))?;
    let zero = ConstExpr::Value(Value::I32(0));
    let has_rest = module.globals.add_local(ValType::I32, true, false, zero);
    module.exports.add(HAS_REST, has_rest);
    let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
    builder.name("ensure_rest".to_owned()).func_body().global_get(has_rest).if_else(
        None,
        |_| {},
        |missing| {
            missing.instr(Call { func: load });
        },
    );
    Ok(builder.finish(Vec::new(), &mut module.funcs))
}

/// For each function that moved, the doorway to it and its place.
#[derive(Default)]
pub(super) struct Doors {
    behind: BTreeMap<FunctionId, (FunctionId, i32)>,
    doorways: BTreeMap<TypeId, FunctionId>,
}

impl Doors {
    /// Adds the way to a function that moved to a place.
    pub(super) fn add(
        &mut self,
        module: &mut Module,
        moved: FunctionId,
        place: i32,
        table: TableId,
        ensure: FunctionId,
    ) {
        let ty = module.funcs.get(moved).ty();
        let make = || add_doorway(module, ty, table, ensure);
        let doorway = *self.doorways.entry(ty).or_insert_with(make);
        self.behind.insert(moved, (doorway, place));
    }

    /// Has every call of a function that moved go through its doorway.
    pub(super) fn open(&mut self, module: &mut Module) {
        for (_, function) in module.funcs.iter_local_mut() {
            let entry = function.entry_block();
            dfs_pre_order_mut(self, function, entry);
        }
    }
}

impl VisitorMut for Doors {
    fn start_instr_seq_mut(&mut self, sequence: &mut InstrSeq) {
        let mut instrs = Vec::with_capacity(sequence.instrs.len());
        for (instr, at) in std::mem::take(&mut sequence.instrs) {
            match instr {
                Instr::Call(call) if self.behind.contains_key(&call.func) => {
                    let (func, place) = self.behind[&call.func];
                    instrs.push((Instr::Const(Const { value: Value::I32(place) }), at));
                    instrs.push((Instr::Call(Call { func }), at));
                }
                instr => instrs.push((instr, at)),
            }
        }
        sequence.instrs = instrs;
    }
}

/// A function that calls the one at the place that its last argument names, once the second file
/// is there.
fn add_doorway(module: &mut Module, ty: TypeId, table: TableId, ensure: FunctionId) -> FunctionId {
    let ty_of = module.types.get(ty);
    let (mut params, results) = (ty_of.params().to_vec(), ty_of.results().to_vec());
    params.push(ValType::I32);
    let arguments: Vec<_> = params.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
    let mut body = builder.name("doorway".to_owned()).func_body();
    body.instr(Call { func: ensure });
    for argument in &arguments {
        body.local_get(*argument);
    }
    body.instr(CallIndirect { ty, table });
    builder.finish(arguments, &mut module.funcs)
}

/// A function that calls the one at a place of the table, after another where one is given.
pub(super) fn at_place(
    module: &mut Module,
    ty: TypeId,
    table: TableId,
    place: i32,
    first: Option<FunctionId>,
) -> FunctionKind {
    let ty_of = module.types.get(ty);
    let (params, results) = (ty_of.params().to_vec(), ty_of.results().to_vec());
    let arguments: Vec<_> = params.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
    let mut body = builder.func_body();
    if let Some(func) = first {
        body.instr(Call { func });
    }
    for argument in &arguments {
        body.local_get(*argument);
    }
    body.i32_const(place).instr(CallIndirect { ty, table });
    FunctionKind::Local(builder.local_func(arguments))
}
