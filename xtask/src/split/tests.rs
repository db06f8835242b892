//! What is cut finds what it needs.

use std::collections::BTreeSet;
use std::path::Path;

use walrus::ir::Call;
use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

use super::doors::HAS_REST;
use super::{cut, numbered, read, write};

/// A module that exports `everyday`, which calls `rare`, which calls `shared`; and `asked`, which
/// calls the host.
fn module(file: &Path) {
    let mut module = Module::default();
    let ty = module.types.add(&[], &[]);
    let (load, _) = module.add_import_func("host", "freeholdLoadRest_1", ty);
    let table = module.tables.add_local(false, 1, Some(1), walrus::RefType::FUNCREF);
    let mut function = |name: &str, callee: FunctionId, calls: usize| {
        let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
        builder.name(name.to_owned());
        for _ in 0..calls {
            builder.func_body().instr(Call { func: callee });
        }
        builder.finish(Vec::new(), &mut module.funcs)
    };
    let shared = function("shared", load, 20);
    let rare = function("rare", shared, 20);
    let everyday = function("everyday", rare, 20);
    let asked = function("asked", load, 20);
    module.exports.add("everyday", everyday);
    module.exports.add("asked", asked);
    module.exports.add("table", table);
    write(&mut module, file).expect("the folder is there");
}

fn named(module: &Module) -> BTreeSet<String> {
    let defined = module.funcs.iter().filter(|f| matches!(f.kind, FunctionKind::Local(_)));
    defined.filter_map(|function| function.name.clone()).collect()
}

/// How many instructions a function has.
fn size(module: &Module, name: &str) -> u64 {
    let function = module.funcs.by_name(name).expect("the function is there");
    module.funcs.get(function).kind.unwrap_local().size()
}

#[test]
fn what_was_not_executed_moves_and_finds_the_rest_in_the_first_file() {
    let folder = std::env::temp_dir().join(format!("freehold-split-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the system has such a folder");
    let [whole, first, rest] = ["whole", "first", "rest"].map(|name| folder.join(name));
    module(&whole);
    let before = read(&whole).expect("it was just written");
    let executed: Vec<usize> = numbered(&before)
        .into_iter()
        .filter(|id| !matches!(before.funcs.get(*id).name.as_deref(), Some("rare" | "asked")))
        .map(|id| id.index())
        .collect();
    let parts = cut(&whole, &executed, &first, &rest).expect("it can be cut");
    assert_eq!((parts.names, parts.wanted), (vec!["rare".to_owned(), "asked".to_owned()], 2));

    let first = read(&first).expect("it was just written");
    let names = ["everyday", "shared", "asked", "doorway", "ensure_rest"].map(str::to_owned);
    assert_eq!(named(&first), BTreeSet::from(names), "no stand-in for what is only called");
    assert_eq!(size(&first, "everyday"), 40, "the place and the call, each time");
    assert_eq!(size(&first, "doorway"), 3, "to make sure, the place, the call");
    assert_eq!(size(&first, "asked"), 3, "an export has a stand-in");
    assert!(first.exports.iter().any(|export| export.name == HAS_REST));

    let rest = read(&rest).expect("it was just written");
    let names = ["rare", "asked", "shared"].map(str::to_owned);
    assert_eq!(named(&rest), BTreeSet::from(names));
    assert_eq!(rest.funcs.iter_local().count(), 4, "also a call of the host's, without a name");
    let exported: BTreeSet<&str> = first.exports.iter().map(|e| e.name.as_str()).collect();
    assert!(rest.imports.iter().all(|import| exported.contains(import.name.as_str())));
    assert_eq!(rest.imports.iter().count(), 1, "the table");
    let places = |module: &Module| module.tables.iter().next().map(|table| table.initial);
    assert_eq!((places(&first), places(&rest)), (Some(5), Some(5)), "one more for each");
    std::fs::remove_dir_all(folder).expect("it was just made");
}
