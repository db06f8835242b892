//! Programs that the operating system's package manager brings: clang and Chromium.

use crate::failure::{Failure, Outcome};
use crate::process::{command, find_on_path, output, run};

/// A program by the names that the package managers know.
pub struct Package {
    /// What it is called in messages, with what it is for.
    pub name: &'static str,
    /// The packages of Debian and its descendants.
    pub apt: &'static [&'static str],
    /// The arguments of `brew install` on macOS.
    pub brew: &'static str,
    /// What to do on every other system.
    pub elsewhere: &'static str,
}

/// Installs a package where that needs no question: as root, on a system with apt-get.
///
/// # Errors
///
/// When apt-get fails; and, anywhere else, with the command that the user has to give.
pub fn install(package: &Package) -> Outcome<()> {
    if find_on_path(&["apt-get"]).is_some() && is_root() {
        println!("installing {} by apt-get: {}", package.name, package.apt.join(" "));
        run(apt_get().arg("update"))?;
        return run(apt_get().args(["install", "-y", "--no-install-recommends"]).args(package.apt));
    }
    Err(Failure::new(format!("{} is missing", package.name)).remedy(remedy(package)))
}

fn remedy(package: &Package) -> String {
    if find_on_path(&["apt-get"]).is_some() {
        format!("sudo apt-get install -y {}", package.apt.join(" "))
    } else if cfg!(target_os = "macos") {
        format!("brew install {}", package.brew)
    } else {
        package.elsewhere.to_owned()
    }
}

fn apt_get() -> std::process::Command {
    let mut apt_get = command("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
    apt_get
}

fn is_root() -> bool {
    output(command("id").arg("-u")).is_ok_and(|id| id == "0")
}
