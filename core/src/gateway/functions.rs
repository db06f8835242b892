//! The functions that a session's statements may call: those that only look at their arguments.
//!
//! Left out are what tells of other sessions (`changes`, `last_insert_rowid`), of the library and
//! the file (`sqlite_*`), what reaches outside (`load_extension`), what only costs (`zeroblob`,
//! `randomblob`), what belongs to other modules of SQLite's, and what one call of has no bound:
//! `json_patch` takes time with the product of its arguments' members, `json_pretty` memory with
//! that of lines, depth and indent.

/// In order, so that they can be looked up by halving.
const ALLOWED: &[&str] = &[
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_insert",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
];

/// Whether a session may call a function.
pub(super) fn is_allowed(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    ALLOWED.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(ALLOWED.is_sorted());
        for name in ["COUNT", "Json_Extract", "->>", "row_number"] {
            assert!(is_allowed(name.as_bytes()), "{name}");
        }
        for name in
            ["load_extension", "sqlite_version", "changes", "json_patch", "freehold_capture"]
        {
            assert!(!is_allowed(name.as_bytes()), "{name}");
        }
    }
}
