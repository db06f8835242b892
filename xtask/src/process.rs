//! Running other programs: how they are found, started and reported on when they fail.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{During, Failure, Outcome};

/// The project's root folder.
pub fn root() -> PathBuf {
    // `cargo run` sets the variable; a program that is started by hand was built in the same place.
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest_dir.parent().map_or_else(|| manifest_dir.clone(), Path::to_path_buf)
}

/// The folder that cargo builds into, found from where this very program lies.
///
/// # Errors
///
/// When the program was moved out of cargo's folder.
pub fn target_dir() -> Outcome<PathBuf> {
    let program = env::current_exe().during(|| "finding this program's own file".into())?;
    let holds_tag = |dir: &&Path| dir.join("CACHEDIR.TAG").is_file();
    program.ancestors().find(holds_tag).map(Path::to_path_buf).ok_or_else(|| {
        Failure::new(format!("{} lies in no target folder", program.display()))
            .remedy("start it as `cargo xtask`")
    })
}

/// A command that runs in the project's root.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that started this program.
pub fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// npm, under the name that the system starts it by.
pub fn npm() -> Command {
    command(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
///
/// When it does not start, or ends with another status than 0.
pub fn run(command: &mut Command) -> Outcome<()> {
    let shown = show(command);
    let status = command.status().during(|| format!("starting `{shown}`"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{shown}` failed ({status})")))
}

/// Runs a command to its end and answers with what it wrote to stdout, trimmed.
///
/// # Errors
///
/// When it does not start, or ends with another status than 0.
pub fn output(command: &mut Command) -> Outcome<String> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .during(|| format!("starting `{shown}`"))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{shown}` failed ({})", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether the command starts and ends with status 0; nothing is printed.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The file of the first of `names` that is a program on the search path.
pub fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names.iter().find_map(|name| {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        folders.iter().map(|folder| folder.join(&file)).find(|file| file.is_file())
    })
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut shown = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}
