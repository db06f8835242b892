//! Rust's own library, built anew for the browser's file: for size, and without panic messages.
//!
//! That is a tenth of what browsers download, and only unstable options of cargo and rustc do it. A
//! stable compiler takes them where `RUSTC_BOOTSTRAP` is set. One that does not take them builds
//! the same program, with the library that it came with, and the file is larger.

use std::path::Path;
use std::process::Command;

use crate::process::{command, output, succeeds};

/// The name of the rustup component that holds the library's source.
pub const COMPONENT: &str = "rust-src";

const CARGO: &[&str] = &["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];

/// A panic ends the instance at once, without a message: a quarter of the texts and of the code
/// that writes texts is there for messages alone. Names stay readable for `wasm --parts`.
const RUSTC: &[&str] = &[
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Zlocation-detail=none",
    "-Zfmt-debug=shallow",
    "-Csymbol-mangling-version=legacy",
];

/// Whether the library's source is installed.
pub fn has_source() -> bool {
    let sysroot = output(command("rustc").args(["--print", "sysroot"]));
    sysroot.is_ok_and(|sysroot| {
        Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").is_file()
    })
}

/// Whether this compiler takes the options.
pub fn is_possible() -> bool {
    let mut rustc = command("rustc");
    rustc.args(RUSTC).args(["--print", "cfg"]).env("RUSTC_BOOTSTRAP", "1");
    has_source() && succeeds(&mut rustc)
}

/// Tells a cargo command for the wasm target to build the library along.
pub fn apply(build: &mut Command, target: &str) {
    let flags: Vec<String> = RUSTC.iter().map(|flag| format!("{flag:?}")).collect();
    build
        .args(CARGO)
        .arg("--config")
        .arg(format!("target.{target}.rustflags=[{}]", flags.join(",")))
        .env("RUSTC_BOOTSTRAP", "1");
}
