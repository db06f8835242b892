//! What the file for browsers consists of: the code of each crate and of SQLite, largest first.
//!
//! The names that this needs are not in the file that ships, so it is built once more, with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload, TypeRef};

use crate::failure::{During, Outcome};

/// The crates listed by name; the rest are summed up.
const LISTED: usize = 24;

/// Prints the parts of an optimised file that still has its names.
///
/// # Errors
///
/// When the file cannot be read as WebAssembly.
pub fn print(file: &Path) -> Outcome<()> {
    let bytes = fs::read(file).during(|| format!("reading {}", file.display()))?;
    let functions = functions(&bytes).during(|| format!("reading {}", file.display()))?;
    let mut bytes_by_part: BTreeMap<String, usize> = BTreeMap::new();
    for (name, size) in &functions.code {
        *bytes_by_part.entry(part(name)).or_default() += size;
    }
    bytes_by_part.insert("(data: texts and tables)".into(), functions.data_bytes);
    let mut parts: Vec<(String, usize)> = bytes_by_part.into_iter().collect();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    println!("Parts of the file, raw:");
    for (name, size) in parts.iter().take(LISTED) {
        println!("  {:>7.1} KB  {name}", *size as f64 / 1000.0);
    }
    let rest: usize = parts.iter().skip(LISTED).map(|(_, size)| size).sum();
    println!("  {:>7.1} KB  everything else", rest as f64 / 1000.0);
    Ok(())
}

/// The functions that the file defines.
struct Functions {
    /// Each one's name and the size of its code in bytes.
    code: Vec<(String, usize)>,
    data_bytes: usize,
}

fn functions(bytes: &[u8]) -> wasmparser::Result<Functions> {
    let mut imported = 0;
    let mut sizes = Vec::new();
    let mut names = BTreeMap::new();
    let mut data_bytes = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => sizes.push(body.range().len()),
            Payload::DataSection(data) => data_bytes = data.range().len(),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    names = function_names(section)?;
                }
            }
            _ => {}
        }
    }
    let named = |(index, size)| (names.remove(&(imported + index)).unwrap_or_default(), size);
    Ok(Functions { code: sizes.into_iter().enumerate().map(named).collect(), data_bytes })
}

fn function_names(section: NameSectionReader) -> wasmparser::Result<BTreeMap<usize, String>> {
    let mut names = BTreeMap::new();
    for subsection in section {
        if let Name::Function(functions) = subsection? {
            for naming in functions {
                let naming = naming?;
                names.insert(naming.index as usize, naming.name.to_owned());
            }
        }
    }
    Ok(names)
}

/// The crate of a Rust function; for one of C, which has no path in its name, the part of SQLite.
fn part(function: &str) -> String {
    let path = function.trim_start_matches(['<', '&', '*', '(', '[']).trim_start_matches("mut ");
    let path = path.trim_start_matches("dyn ");
    match path.split_once("::") {
        Some((name, _)) if is_identifier(name) => name.to_owned(),
        Some(_) => "(Rust, generic)".to_owned(),
        None if function.starts_with("json") => "SQLite: JSON".to_owned(),
        None if function.starts_with("window") => "SQLite: window functions".to_owned(),
        None => "SQLite and its C library".to_owned(),
    }
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_parts() {
        for (function, expected) in [
            ("serde_json::de::from_str::h0a1b", "serde_json"),
            ("<alloc::vec::Vec<T> as core::fmt::Debug>::fmt::h0a1b", "alloc"),
            ("<&mut toml::Parser as core::fmt::Debug>::fmt", "toml"),
            ("jsonParse", "SQLite: JSON"),
            ("sqlite3_step", "SQLite and its C library"),
        ] {
            assert_eq!(part(function), expected);
        }
    }

    #[test]
    fn an_empty_module_has_no_functions() {
        let module = b"\0asm\x01\0\0\0";
        let functions = functions(module).expect("it is the smallest module there is");
        assert!(functions.code.is_empty());
        assert!(super::functions(b"no module").is_err());
    }
}
