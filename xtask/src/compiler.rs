//! The C compiler for browsers: SQLite is C, and needs a clang that knows wasm32, and its archiver.
//!
//! `.cargo/config.toml` names `clang` and `llvm-ar`, so that plain cargo commands work where both
//! are on the search path. Homebrew keeps its LLVM off that path, next to Apple's clang, which does
//! not know wasm32; there the variables are set for each command.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::process::{command, find_on_path};
use crate::system::Package;

/// How the compiler is installed.
pub const PACKAGE: Package = Package {
    name: "clang with llvm-ar (compiles SQLite for browsers)",
    apt: &["clang", "llvm"],
    brew: "llvm",
    elsewhere: "install LLVM 14 or later, with clang and llvm-ar on the search path",
};

const COMPILER_VARIABLE: &str = "CC_wasm32_unknown_unknown";
const ARCHIVER_VARIABLE: &str = "AR_wasm32_unknown_unknown";
const HOMEBREW_FOLDERS: &[&str] = &["/opt/homebrew/opt/llvm/bin", "/usr/local/opt/llvm/bin"];

/// Whether SQLite's C can be compiled for browsers here.
pub fn is_there() -> bool {
    is_chosen_by_user() || is_on_path() || homebrew_folder().is_some()
}

/// Tells a cargo command for the wasm target which compiler to use, where the default one is none.
pub fn apply(command: &mut Command) {
    if is_chosen_by_user() || is_on_path() {
        return;
    }
    if let Some(folder) = homebrew_folder() {
        command.env(COMPILER_VARIABLE, Path::new(folder).join("clang"));
        command.env(ARCHIVER_VARIABLE, Path::new(folder).join("llvm-ar"));
    }
}

/// The configuration file sets the variables too, but only for what cargo starts by itself; cargo
/// starts this program, so a value that differs from the file's was set by the user.
fn is_chosen_by_user() -> bool {
    env::var_os(COMPILER_VARIABLE).is_some_and(|compiler| compiler != "clang")
}

fn is_on_path() -> bool {
    find_on_path(&["llvm-ar"]).is_some() && knows_wasm32(command("clang"))
}

fn homebrew_folder() -> Option<&'static str> {
    let complete = |folder: &&str| {
        let folder = Path::new(folder);
        folder.join("llvm-ar").is_file() && knows_wasm32(command(folder.join("clang")))
    };
    HOMEBREW_FOLDERS.iter().copied().find(complete)
}

fn knows_wasm32(mut compiler: Command) -> bool {
    let output = compiler.arg("--print-targets").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("wasm32"))
}
