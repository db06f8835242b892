//! How the browser's file is made: cargo, then wasm-bindgen's library, then `wasm-opt`; and how
//! large it came out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

use crate::compiler;
use crate::failure::{During, Failure, Outcome};
use crate::parts;
use crate::process::{cargo, command, output, root, run, target_dir};
use crate::small;
use crate::split;
use crate::validation;

/// The platform that browsers and Node run.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Where the bindings and the optimised file end up.
const DIST: &str = "wasm/js/dist";

/// What everyday work does not execute; loaded behind the other.
const REST: &str = "freehold_wasm_rest.wasm";

/// The most that the first file may weigh once a web server has compressed it, with gzip and with
/// brotli; and the second, with gzip.
const GZIP_BYTES_MAX: u64 = 600_000;
const BROTLI_BYTES_MAX: u64 = 500_000;
const REST_GZIP_BYTES_MAX: u64 = 270_000;

/// Prints the sizes of the file named by its first argument, in bytes: raw, gzip and brotli.
const MEASURE: &str = "
const { readFileSync } = require('node:fs');
const { gzipSync, brotliCompressSync } = require('node:zlib');
const bytes = readFileSync(process.argv[1]);
console.log(bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length);
";

/// Puts what tells this build from every other into the first of the files named by its arguments:
/// a section `build_id` (WebAssembly's tool conventions) with a hash of both.
const IDENTIFY: &str = "
const { createHash } = require('node:crypto');
const { appendFileSync, readFileSync } = require('node:fs');
const files = process.argv.slice(1);
const hash = createHash('sha256');
for (const file of files) hash.update(readFileSync(file));
const [id, name] = [hash.digest().subarray(0, 16), Buffer.from('build_id')];
const content = [name.length, ...name, id.length, ...id];
appendFileSync(files[0], Buffer.from([0, content.length, ...content]));
";

/// Makes the file small once it is compressed: functions stay apart, all but the smallest, and in
/// the order of their names, which puts those that look alike side by side. (Inlining more makes
/// the raw file smaller, and the compressed one larger.)
const OPTIMISE: &[&str] = &[
    "-Oz",
    "-Oz",
    // Nothing lies at the lowest addresses, where the stack would end, and all memory starts empty.
    "--low-memory-unused",
    "--zero-filled-memory",
    "--flexible-inline-max-function-size=0",
    "--always-inline-max-function-size=4",
    "--one-caller-inline-max-function-size=30",
    "--reorder-functions-by-name",
];

/// The same order for what a division left, and no names.
const ARRANGE: &[&str] = &["--reorder-functions-by-name", "--strip-debug"];

/// Builds the file for browsers into `wasm/js/dist`, and the one that validates alone, and prints
/// their sizes.
///
/// # Errors
///
/// When a step fails, or a file is larger than allowed.
pub fn build() -> Outcome<()> {
    validation::build()?;
    let named = named_file()?;
    let is_small = small::is_possible();
    let file = make("freehold-wasm", &named, is_small)?;
    // The built-in models lie beside it; what a list shows of each, the core is asked itself.
    run(command("node").arg("wasm/js/models.mjs"))?;
    let rest = root().join(DIST).join(REST);
    divide(&named, &file, &rest)?;
    let (first, rest) = (print_sizes(&file)?, print_sizes(&rest)?);
    match is_small {
        true => check_size("first", first.gzip, GZIP_BYTES_MAX, "gzip")
            .and_then(|()| check_size("first", first.brotli, BROTLI_BYTES_MAX, "brotli"))
            .and_then(|()| check_size("second", rest.gzip, REST_GZIP_BYTES_MAX, "gzip")),
        false => {
            println!("this compiler builds no library for size, so that the file is larger");
            Ok(())
        }
    }
}

/// Builds the file for browsers and prints what it consists of.
///
/// # Errors
///
/// When a step fails.
pub fn print_parts() -> Outcome<()> {
    let built = build();
    parts::print(&named_file()?)?;
    built
}

/// The optimised file before the functions' names are taken out.
fn named_file() -> Outcome<PathBuf> {
    Ok(target_dir()?.join("freehold_wasm_named.wasm"))
}

/// Optimises a file, and keeps its names; not again where it is the file of last time.
fn optimise(file: &Path, named: &Path) -> Outcome<()> {
    let before = named.with_extension("bound.wasm");
    let bytes = fs::read(file).during(|| format!("reading {}", file.display()))?;
    if named.is_file() && fs::read(&before).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    run(wasm_opt().args(OPTIMISE).arg("--debuginfo").arg("-o").arg(named).arg(file))?;
    fs::write(&before, bytes).during(|| format!("writing {}", before.display()))
}

/// Divides the file in what everyday work executes and the rest.
fn divide(named: &Path, first: &Path, rest: &Path) -> Outcome<()> {
    let temporary = |name: &str| Ok(target_dir()?.join(name));
    let (copy, trace) = (temporary("freehold_wasm_traced.wasm")?, temporary("everyday.txt")?);
    split::trace(named, &copy)?;
    run(command("node").arg("wasm/js/everyday.mjs").arg(&copy).arg(&trace))?;
    let parts = split::cut(named, &split::read_trace(&trace)?, first, rest)?;
    let names = temporary("freehold_wasm_rest.txt")?;
    fs::write(&names, parts.names.join("\n")).during(|| format!("writing {}", names.display()))?;
    println!(
        "{} functions lie in the second file, {} of them wanted by the first",
        parts.names.len(),
        parts.wanted
    );
    for file in [first, rest] {
        run(wasm_opt().args(ARRANGE).arg("-o").arg(file).arg(file))?;
    }
    run(command("node").args(["-e", IDENTIFY]).arg(first).arg(rest))
}

fn wasm_opt() -> Command {
    let mut wasm_opt = command("node");
    wasm_opt.arg("node_modules/binaryen/bin/wasm-opt");
    wasm_opt
}

/// Makes a crate's file: compiled, bound and optimised. With its functions' names it is `named`.
///
/// # Errors
///
/// When a step fails.
pub fn make(package: &str, named: &Path, is_small: bool) -> Outcome<PathBuf> {
    compile(package, is_small)?;
    let (name, dist) = (package.replace('-', "_"), root().join(DIST));
    bind(&name, &dist)?;
    let file = dist.join(format!("{name}_bg.wasm"));
    optimise(&file, named)?;
    run(wasm_opt().arg("--strip-debug").arg("-o").arg(&file).arg(named))?;
    Ok(file)
}

fn compile(package: &str, is_small: bool) -> Outcome<()> {
    let mut build = cargo();
    build.args(["build", "--package", package, "--target", TARGET, "--profile", "wasm"]);
    compiler::apply(&mut build);
    if is_small {
        small::apply(&mut build, TARGET);
    }
    run(&mut build)
}

fn bind(name: &str, dist: &Path) -> Outcome<()> {
    fs::create_dir_all(dist).during(|| format!("making {}", dist.display()))?;
    let compiled = target_dir()?.join(TARGET).join(format!("wasm/{name}.wasm"));
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&compiled)
        .typescript(true)
        .omit_default_module_path(false)
        .remove_producers_section(true);
    bindgen.web(true).and_then(|bindgen| bindgen.generate(dist)).map_err(|error| {
        Failure::new(format!("making the bindings for {}: {error:#}", compiled.display()))
    })
}

/// What a file weighs once a web server has compressed it.
pub struct Sizes {
    pub gzip: u64,
    brotli: u64,
}

/// Prints the sizes of a file.
///
/// # Errors
///
/// When it can't be read.
pub fn print_sizes(file: &Path) -> Outcome<Sizes> {
    let measured = output(command("node").args(["-e", MEASURE]).arg(file))?;
    let sizes: Vec<u64> = measured.split(' ').filter_map(|size| size.parse().ok()).collect();
    let [raw, gzip, brotli] = sizes[..] else {
        return Err(Failure::new(format!("measuring {} gave {measured:?}", file.display())));
    };
    println!(
        "{}: {} KB raw, {} KB gzip -9, {} KB brotli",
        file.file_name().unwrap_or_default().to_string_lossy(),
        raw / 1000,
        gzip / 1000,
        brotli / 1000
    );
    Ok(Sizes { gzip, brotli })
}

/// Refuses a file that weighs too much.
///
/// # Errors
///
/// When it does.
pub fn check_size(which: &str, bytes: u64, most: u64, compression: &str) -> Outcome<()> {
    if bytes <= most {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the {which} file is {} KB with {compression}, and {} KB is the most",
        bytes / 1000,
        most / 1000
    ))
    .remedy("`cargo xtask wasm --parts` lists what is large"))
}
