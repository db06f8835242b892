//! What the commands need beyond rustup and Node: found, or installed and named.

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::process::{cargo, command, find_on_path, output, run, succeeds};
use crate::system::{self, Package};
use crate::{browser, compiler, npm, python, small, wasm};

/// One thing that must be there before the work starts.
pub struct Piece {
    name: &'static str,
    is_there: fn() -> bool,
    install: fn() -> Outcome<()>,
}

const RUST_COMPONENTS: Piece = Piece {
    name: "rustfmt and clippy",
    is_there: || {
        succeeds(cargo().args(["fmt", "--version"]))
            && succeeds(cargo().args(["clippy", "--version"]))
    },
    install: || rustup(&["component", "add", "rustfmt", "clippy"]),
};

const WASM_TARGET: Piece = Piece {
    name: "Rust's library for browsers",
    is_there: has_wasm_target,
    install: || rustup(&["target", "add", wasm::TARGET]),
};

const RUST_SOURCE: Piece = Piece {
    name: "the source of Rust's library (built anew for browsers, for size)",
    is_there: small::has_source,
    install: || rustup(&["component", "add", small::COMPONENT]),
};

const C_COMPILER: Piece = Piece {
    name: compiler::PACKAGE.name,
    is_there: compiler::is_there,
    install: || system::install(&compiler::PACKAGE),
};

const NPM_PACKAGES: Piece =
    Piece { name: "npm packages", is_there: npm::is_installed, install: npm::install };

const PYTHON: Piece = Piece {
    name: python::PACKAGE.name,
    is_there: python::is_there,
    install: || system::install(&python::PACKAGE),
};

const CHROMIUM: Piece = Piece {
    name: browser::PACKAGE.name,
    is_there: || browser::find().is_some(),
    install: || install_chromium(&browser::PACKAGE),
};

/// What building and showing the page takes.
pub const FOR_DEMO: &[Piece] = &[WASM_TARGET, RUST_SOURCE, C_COMPILER, NPM_PACKAGES];

/// What the full gate takes.
pub const FOR_GATE: &[Piece] =
    &[RUST_COMPONENTS, WASM_TARGET, RUST_SOURCE, C_COMPILER, NPM_PACKAGES, PYTHON, CHROMIUM];

/// Installs what is missing, and says what it finds and what it installs.
///
/// # Errors
///
/// When a piece cannot be installed, with what its user has to do instead.
pub fn ensure(pieces: &[Piece]) -> Outcome<()> {
    for piece in pieces {
        if (piece.is_there)() {
            println!("{}: there", piece.name);
            continue;
        }
        (piece.install)()?;
        if !(piece.is_there)() {
            return Err(Failure::new(format!(
                "{}: the installation succeeded, and yet it is not to be found",
                piece.name
            )));
        }
        println!("{}: installed", piece.name);
    }
    Ok(())
}

/// Installs nothing, and stops at the first piece that is missing.
///
/// # Errors
///
/// When a piece is missing.
pub fn require(pieces: &[Piece]) -> Outcome<()> {
    match pieces.iter().find(|piece| !(piece.is_there)()) {
        None => Ok(()),
        Some(piece) => Err(Failure::new(format!("missing: {}", piece.name))
            .remedy("`cargo xtask test` sets up what the gate needs, then runs it")),
    }
}

fn has_wasm_target() -> bool {
    let sysroot = output(command("rustc").args(["--print", "sysroot"]));
    sysroot.is_ok_and(|sysroot| Path::new(&sysroot).join("lib/rustlib").join(wasm::TARGET).is_dir())
}

fn rustup(arguments: &[&str]) -> Outcome<()> {
    if find_on_path(&["rustup"]).is_none() {
        return Err(Failure::new(format!(
            "rustup is missing, to run `rustup {}`",
            arguments.join(" ")
        ))
        .remedy("install Rust by https://rustup.rs, or add that part by your system's own means"));
    }
    println!("rustup {}", arguments.join(" "));
    run(command("rustup").args(arguments))
}

fn install_chromium(package: &Package) -> Outcome<()> {
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Err(Failure::new(format!("CHROMIUM names {}, which is no file", chosen.display()))
            .remedy("set CHROMIUM to the path of Chrome or Chromium, or unset it"));
    }
    system::install(package)
}
