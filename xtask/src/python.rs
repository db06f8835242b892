//! Python, in which the tests run other people's cryptography against the core's.

use crate::process::{command, succeeds};
use crate::system::Package;

/// How Python is installed.
pub const PACKAGE: Package = Package {
    name: "Python 3 with venv (checks the cryptography against other implementations)",
    apt: &["python3", "python3-venv"],
    brew: "python",
    elsewhere: "install Python 3.9 or later, as python3 on the search path, with venv",
};

/// Whether Python can make environments of its own: Debian keeps that part apart.
pub fn is_there() -> bool {
    succeeds(command("python3").args(["-c", "import venv, ensurepip"]))
}
