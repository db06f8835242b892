//! Cutting a module in two files.
//!
//! The first keeps memory, table, data and all imports of the host. The second has functions alone,
//! and imports memory, table and globals from the first, under names that the cut makes up. Each
//! function of one that the other refers to gets a place at the end of the function table and is
//! called there: a place is a few bytes, an export and an import of its own would be many. The
//! second fills its places when it is instantiated.
//!
//! Where the first calls a function that moved, it calls a doorway of the same signature instead,
//! with the place as one more argument. A stand-in of its own has only what stands in the table or
//! among the exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use walrus::ir::{Visitor, dfs_in_order};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionId, FunctionKind, GlobalKind,
    ImportKind, Module, TableId,
};

use super::doors::{Doors, add_ensure, at_place};
use super::names::{BEYOND_STORAGE, FILES, SELDOM, STORAGE};
use super::{is_defined, numbered, read, write};
use crate::failure::{Failure, Outcome};

/// The module name under which the second file imports from the first.
const FIRST: &str = "first";

/// Functions with fewer instructions stay where they are: the way to them would be as large.
const INSTRUCTIONS_MIN: u64 = 4;

/// What a cut left in the second file.
pub struct Rest {
    /// The names of the functions that moved.
    pub names: Vec<String>,
    /// How many of them the first file refers to.
    pub wanted: usize,
}

/// Cuts a module: functions of these numbers stay in the first file, others may move to the second.
///
/// # Errors
///
/// When a file can't be read or written, or the module isn't one of ours.
pub fn cut(module: &Path, executed: &[usize], first: &Path, rest: &Path) -> Outcome<Rest> {
    let (mut kept, mut moved) = (read(module)?, read(module)?);
    let mut executed: BTreeSet<usize> = executed.iter().copied().collect();
    executed.extend(reached_from_storage(&kept));
    let late: BTreeSet<usize> = numbered(&kept)
        .into_iter()
        .enumerate()
        .filter(|(number, id)| !executed.contains(number) && may_move(&kept, *id))
        .map(|(number, _)| number)
        .collect();
    let name = |number: &usize| kept.funcs.get(numbered(&kept)[*number]).name.clone();
    let names = late.iter().filter_map(name).collect();
    let wanted = wanted_by_first(&kept, &late);
    let table = the_table(&kept)?;
    let start = kept.tables.get(table).initial;

    let mut shared = Shared { functions: wanted_by_rest(&moved, &late), ..Shared::default() };
    only_late(&mut moved, &wanted, start, &mut shared)?;
    only_first(&mut kept, &wanted, table, &shared)?;
    write(&mut kept, first)?;
    write(&mut moved, rest)?;
    Ok(Rest { names, wanted: wanted.len() })
}

/// What the second file has from the first: numbers of functions, and of what it imports with the
/// names that these got.
#[derive(Default)]
struct Shared {
    functions: Vec<usize>,
    globals: BTreeMap<usize, String>,
    memories: BTreeMap<usize, String>,
    tables: BTreeMap<usize, String>,
    count: usize,
}

impl Shared {
    /// Short names: there are many of them.
    fn name(&mut self) -> String {
        self.count += 1;
        let mut rest = self.count;
        let mut name = String::from("$");
        while rest > 0 {
            name.push(char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36]));
            rest /= 36;
        }
        name
    }
}

/// What the parts that keep files call, and what that calls, up to the core and SQLite: the traced
/// run keeps no files.
fn reached_from_storage(module: &Module) -> BTreeSet<usize> {
    let functions = numbered(module);
    let name =
        |number: &usize| module.funcs.get(functions[*number]).name.as_deref().unwrap_or_default();
    let holds = |number: &usize, parts: &[&str]| {
        let name = name(number);
        parts.iter().any(|part| name.contains(part))
    };
    let is_often = |number: &usize| !holds(number, SELDOM);
    let is_near = |number: &usize| {
        name(number).contains("::") && is_often(number) && !holds(number, BEYOND_STORAGE)
    };
    let is_first = |number: &usize| holds(number, STORAGE) && is_often(number);
    let mut reached: BTreeSet<usize> = (0..functions.len()).filter(is_first).collect();
    let mut pending: Vec<usize> = reached.iter().copied().collect();
    while let Some(number) = pending.pop() {
        if is_defined(module, functions[number]) {
            let named = referred(module, functions[number]);
            pending.extend(named.into_iter().filter(|n| is_near(n) && reached.insert(*n)));
        }
    }
    reached
}

fn may_move(module: &Module, id: FunctionId) -> bool {
    let function = module.funcs.get(id);
    let name = function.name.as_deref().unwrap_or_default();
    // One without a name can't be told apart from the parts that have to stay.
    is_defined(module, id)
        && !name.is_empty()
        && !FILES.iter().any(|part| name.starts_with(part))
        && function.kind.unwrap_local().size() >= INSTRUCTIONS_MIN
}

/// The moved functions that the first file calls, exports, or has in its table.
fn wanted_by_first(module: &Module, late: &BTreeSet<usize>) -> Vec<usize> {
    let mut wanted = BTreeSet::new();
    for (number, id) in numbered(module).into_iter().enumerate() {
        if is_defined(module, id) && !late.contains(&number) {
            wanted.extend(referred(module, id));
        }
    }
    for element in module.elements.iter() {
        match &element.items {
            ElementItems::Functions(functions) => {
                wanted.extend(functions.iter().map(|f| f.index()))
            }
            ElementItems::Expressions(_, items) => wanted.extend(items.iter().filter_map(|item| {
                if let ConstExpr::RefFunc(id) = item { Some(id.index()) } else { None }
            })),
        }
    }
    wanted.extend(module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id.index()),
        _ => None,
    }));
    wanted.extend(module.start.map(|id| id.index()));
    wanted.into_iter().filter(|number| late.contains(number)).collect()
}

/// The functions of the first file that those of the second call.
fn wanted_by_rest(module: &Module, late: &BTreeSet<usize>) -> Vec<usize> {
    let functions = numbered(module);
    let wanted = late.iter().flat_map(|number| referred(module, functions[*number]));
    let wanted: BTreeSet<usize> = wanted.filter(|number| !late.contains(number)).collect();
    wanted.into_iter().collect()
}

/// The numbers of the functions that a function's code names.
fn referred(module: &Module, id: FunctionId) -> Vec<usize> {
    struct Named(Vec<usize>);
    impl Visitor<'_> for Named {
        fn visit_function_id(&mut self, id: &FunctionId) {
            self.0.push(id.index());
        }
    }
    let function = module.funcs.get(id).kind.unwrap_local();
    let mut named = Named(Vec::new());
    dfs_in_order(&mut named, function, function.entry_block());
    named.0
}

fn the_table(module: &Module) -> Outcome<TableId> {
    let table = module.tables.main_function_table().ok().flatten();
    table.ok_or_else(|| Failure::new("the module has no function table"))
}

/// Leaves a module with the late functions alone; everything else becomes an import.
fn only_late(
    module: &mut Module,
    wanted: &[usize],
    start: u64,
    shared: &mut Shared,
) -> Outcome<()> {
    let table = the_table(module)?;
    empty(module);
    let functions = numbered(module);
    for (at, number) in shared.functions.iter().enumerate() {
        let id = functions[*number];
        let ty = module.funcs.get(id).ty();
        let place = as_i32(start + (wanted.len() + at) as u64);
        let call = at_place(module, ty, table, place, None);
        // What the host gives, only the first file has from the host.
        if let FunctionKind::Import(host) = &module.funcs.get(id).kind {
            module.imports.delete(host.import);
        }
        module.funcs.get_mut(id).kind = call;
    }
    for id in module.globals.iter().map(|global| global.id()).collect::<Vec<_>>() {
        let name = shared.name();
        let import = module.imports.add(FIRST, &name, ImportKind::Global(id));
        module.globals.get_mut(id).kind = GlobalKind::Import(import);
        shared.globals.insert(id.index(), name);
    }
    for id in module.memories.iter().map(|memory| memory.id()).collect::<Vec<_>>() {
        let name = shared.name();
        let import = module.imports.add(FIRST, &name, ImportKind::Memory(id));
        module.memories.get_mut(id).import = Some(import);
        shared.memories.insert(id.index(), name);
    }
    for id in module.tables.iter().map(|table| table.id()).collect::<Vec<_>>() {
        let name = shared.name();
        let import = module.imports.add(FIRST, &name, ImportKind::Table(id));
        module.tables.get_mut(id).import = Some(import);
        shared.tables.insert(id.index(), name);
    }
    widen(module, table, wanted.len() + shared.functions.len());
    fill(module, table, start, wanted);
    walrus::passes::gc::run(module);
    Ok(())
}

/// Takes out what the first file does once for both: data, table entries, exports and the start.
fn empty(module: &mut Module) {
    for id in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    for id in module.data.iter().map(|data| data.id()).collect::<Vec<_>>() {
        module.data.delete(id);
    }
    for id in module.elements.iter().map(|element| element.id()).collect::<Vec<_>>() {
        module.elements.delete(id);
    }
    for memory in module.memories.iter_mut() {
        memory.data_segments.clear();
    }
    for table in module.tables.iter_mut() {
        table.elem_segments.clear();
    }
    module.start = None;
}

/// Puts stand-ins in the place of moved functions, and exports what the second file needs.
fn only_first(
    module: &mut Module,
    wanted: &[usize],
    table: TableId,
    shared: &Shared,
) -> Outcome<()> {
    let start = module.tables.get(table).initial;
    let functions = numbered(module);
    let ensure = add_ensure(module)?;
    let mut doors = Doors::default();
    for (at, number) in wanted.iter().enumerate() {
        let id = functions[*number];
        let ty = module.funcs.get(id).ty();
        let place = as_i32(start + at as u64);
        let stand_in = at_place(module, ty, table, place, Some(ensure));
        module.funcs.get_mut(id).kind = stand_in;
        doors.add(module, id, place, table, ensure);
    }
    doors.open(module);
    widen(module, table, wanted.len() + shared.functions.len());
    fill(module, table, start + wanted.len() as u64, &shared.functions);
    let globals: Vec<_> = module.globals.iter().map(|global| global.id()).collect();
    for (number, name) in &shared.globals {
        module.exports.add(name, globals[*number]);
    }
    let memories: Vec<_> = module.memories.iter().map(|memory| memory.id()).collect();
    for (number, name) in &shared.memories {
        module.exports.add(name, memories[*number]);
    }
    for (number, name) in &shared.tables {
        let tables: Vec<_> = module.tables.iter().map(|table| table.id()).collect();
        module.exports.add(name, tables[*number]);
    }
    walrus::passes::gc::run(module);
    Ok(())
}

/// Puts functions into the table, from a place on.
fn fill(module: &mut Module, table: TableId, start: u64, numbers: &[usize]) {
    let functions = numbered(module);
    let offset = ConstExpr::Value(walrus::ir::Value::I32(as_i32(start)));
    let items = numbers.iter().map(|number| functions[*number]).collect();
    let kind = ElementKind::Active { table, offset };
    let element = module.elements.add(kind, ElementItems::Functions(items));
    module.tables.get_mut(table).elem_segments.insert(element);
}

/// Makes room at the end of the function table.
fn widen(module: &mut Module, table: TableId, count: usize) {
    let table = module.tables.get_mut(table);
    table.initial += count as u64;
    table.maximum = table.maximum.map(|maximum| maximum.max(table.initial));
}

fn as_i32(number: u64) -> i32 {
    i32::try_from(number).expect("a function table is far smaller")
}
