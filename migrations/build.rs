//! Lists the model folders that this build's features ask for, each file by `include_str!`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed={}", root.display());
    let (mut names, mut code) = (Vec::new(), String::from("&[\n"));
    for folder in children(&root).into_iter().filter(|path| path.join("model.toml").is_file()) {
        let name = file_name(&folder);
        if std::env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase())).is_some() {
            write_model(&mut code, &name, &folder);
        }
        names.push(name);
    }
    code.push(']');
    let out = PathBuf::from(variable("OUT_DIR"));
    for (file, code) in [("models.rs", code), ("names.rs", format!("&{names:?}"))] {
        fs::write(out.join(file), code).expect("the build's own folder can be written");
    }
}

fn write_model(code: &mut String, name: &str, folder: &Path) {
    let model = include(&folder.join("model.toml"));
    let up = files(&folder.join("up"), "sql", file_name);
    let down = files(&folder.join("down"), "sql", file_name);
    let set = |path: &Path| file_name(path).trim_end_matches(".toml").to_owned();
    let seeds = files(&folder.join("seeds"), "toml", set);
    let fields = format!("name: {name:?}, model: {model}, up: {up}, down: {down}, seeds: {seeds}");
    writeln!(code, "ModelFiles {{ {fields} }},").expect("a string takes it");
}

/// The files with this ending as a list of (name, text), sorted by name.
fn files(folder: &Path, ending: &str, name: impl Fn(&Path) -> String) -> String {
    let all = children(folder).into_iter();
    let some = all.filter(|path| path.extension().is_some_and(|found| found == ending));
    let entries = some.map(|path| format!("({:?}, {}), ", name(&path), include(&path)));
    format!("&[{}]", entries.collect::<String>())
}

fn include(path: &Path) -> String {
    format!("include_str!({:?})", path.display().to_string())
}

/// What a folder holds, sorted by name. A folder that isn't there holds nothing.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn variable(name: &str) -> String {
    std::env::var(name).expect("cargo sets it for build scripts")
}
