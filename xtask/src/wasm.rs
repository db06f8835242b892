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

/// The platform that browsers and Node run.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Where the bindings and the optimised file end up.
const DIST: &str = "wasm/js/dist";
const BINARY: &str = "freehold_wasm_bg.wasm";

/// What the file is to weigh once a web server has compressed it with gzip.
const GZIP_BYTES_AIM: u64 = 600_000;

/// The most that it may weigh today.
const GZIP_BYTES_MAX: u64 = 770_000;

/// Prints the sizes of the file named by its first argument, in bytes: raw, gzip and brotli.
const MEASURE: &str = "
const { readFileSync } = require('node:fs');
const { gzipSync, brotliCompressSync } = require('node:zlib');
const bytes = readFileSync(process.argv[1]);
console.log(bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length);
";

/// Makes the file small once it is compressed: functions stay apart and in the order of their
/// names, which puts those that look alike side by side. (Inlining makes the raw file smaller.)
const OPTIMISE: &[&str] = &[
    "-Oz",
    "-Oz",
    // Nothing lies at the lowest addresses, where the stack would end, and all memory starts empty.
    "--low-memory-unused",
    "--zero-filled-memory",
    "--flexible-inline-max-function-size=0",
    "--always-inline-max-function-size=0",
    "--one-caller-inline-max-function-size=0",
    "--reorder-functions-by-name",
];

/// Builds the file for browsers into `wasm/js/dist` and prints its sizes.
///
/// # Errors
///
/// When a step fails, or the file is larger than allowed.
pub fn build() -> Outcome<()> {
    let named = named_file()?;
    let is_small = small::is_possible();
    compile(is_small)?;
    let dist = root().join(DIST);
    bind(&dist)?;
    let file = dist.join(BINARY);
    run(wasm_opt().args(OPTIMISE).arg("--debuginfo").arg("-o").arg(&named).arg(&file))?;
    run(wasm_opt().arg("--strip-debug").arg("-o").arg(&file).arg(&named))?;
    // The built-in models lie beside it; which they are, the finished file is asked itself.
    run(command("node").arg("wasm/js/models.mjs"))?;
    let gzip_bytes = print_sizes(&file)?;
    match is_small {
        true => check_size(gzip_bytes),
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

fn wasm_opt() -> Command {
    let mut wasm_opt = command("node");
    wasm_opt.arg("node_modules/binaryen/bin/wasm-opt");
    wasm_opt
}

fn compile(is_small: bool) -> Outcome<()> {
    let mut build = cargo();
    build.args(["build", "--package", "freehold-wasm", "--target", TARGET, "--profile", "wasm"]);
    compiler::apply(&mut build);
    if is_small {
        small::apply(&mut build, TARGET);
    }
    run(&mut build)
}

fn bind(dist: &Path) -> Outcome<()> {
    fs::create_dir_all(dist).during(|| format!("making {}", dist.display()))?;
    let compiled = target_dir()?.join(TARGET).join("wasm/freehold_wasm.wasm");
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

/// Prints the sizes of a file; the one with gzip in bytes.
fn print_sizes(file: &Path) -> Outcome<u64> {
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
    Ok(gzip)
}

fn check_size(gzip: u64) -> Outcome<()> {
    if gzip > GZIP_BYTES_AIM {
        println!(
            "over the aim of {} KB with gzip by {} KB",
            GZIP_BYTES_AIM / 1000,
            (gzip - GZIP_BYTES_AIM) / 1000
        );
    }
    if gzip > GZIP_BYTES_MAX {
        return Err(Failure::new(format!(
            "the file is {} KB with gzip, and {} KB is the most",
            gzip / 1000,
            GZIP_BYTES_MAX / 1000
        ))
        .remedy("`cargo xtask wasm --parts` lists what is large"));
    }
    Ok(())
}
