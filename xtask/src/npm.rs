//! npm's packages: the TypeScript compiler, Vite, wasm-opt and the driver of the browser tests.

use std::fs;
use std::path::PathBuf;

use crate::failure::{During, Failure, Outcome};
use crate::process::{command, npm, output, root, run};

/// What `package-lock.json` said when its packages were installed.
const STAMP: &str = "node_modules/.installed-package-lock.json";

/// The oldest Node that Vite and the tests run on.
const NODE_VERSION_MIN: (u32, u32) = (20, 19);

/// Whether the packages of today's `package-lock.json` are installed.
pub fn is_installed() -> bool {
    let lock = fs::read(lock_file()).ok();
    lock.is_some() && lock == fs::read(root().join(STAMP)).ok()
}

/// Installs exactly the packages of `package-lock.json`.
///
/// # Errors
///
/// When Node is missing or too old, or npm fails.
pub fn install() -> Outcome<()> {
    check_node()?;
    println!("installing the npm packages of package-lock.json into node_modules");
    run(npm().args(["ci", "--no-fund", "--no-audit"]))?;
    fs::copy(lock_file(), root().join(STAMP)).during(|| format!("writing {STAMP}"))?;
    Ok(())
}

/// Runs a script of one of the npm workspaces.
///
/// # Errors
///
/// When the script fails, or there is none of that name.
pub fn run_script(workspace: &str, script: &str) -> Outcome<()> {
    run(npm().args(["run", "--silent", script, "--workspace", workspace]))
}

fn lock_file() -> PathBuf {
    root().join("package-lock.json")
}

fn check_node() -> Outcome<()> {
    let remedy = format!(
        "install Node {}.{} or later from https://nodejs.org",
        NODE_VERSION_MIN.0, NODE_VERSION_MIN.1
    );
    let version = output(command("node").arg("--version"))
        .map_err(|_| Failure::new("Node is missing").remedy(&remedy))?;
    match major_and_minor(&version) {
        Some(found) if found >= NODE_VERSION_MIN => Ok(()),
        _ => Err(Failure::new(format!("Node {version} is too old")).remedy(&remedy)),
    }
}

/// Reads `v20.19.1`.
fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix('v')?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_of_node() {
        assert_eq!(major_and_minor("v20.19.1"), Some((20, 19)));
        assert_eq!(major_and_minor("v9.0.0"), Some((9, 0)));
        assert!(major_and_minor("v9.0.0") < Some(NODE_VERSION_MIN));
        assert_eq!(major_and_minor("20.19.1"), None);
        assert_eq!(major_and_minor("v20"), None);
    }
}
