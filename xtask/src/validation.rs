//! The file that validates alone: the core's validation without its database, for pages that check
//! a form before they have opened one, or without.

use crate::failure::Outcome;
use crate::process::target_dir;
use crate::{small, wasm};

/// The most that the file may weigh once a web server has compressed it with gzip.
const GZIP_BYTES_MAX: u64 = 120_000;

/// Builds the file into `wasm/js/dist` and prints its sizes.
///
/// # Errors
///
/// When a step fails, or the file is larger than allowed.
pub fn build() -> Outcome<()> {
    let named = target_dir()?.join("freehold_validate_named.wasm");
    let is_small = small::is_possible();
    let file = wasm::make("freehold-validate", &named, is_small)?;
    let sizes = wasm::print_sizes(&file)?;
    match is_small {
        true => wasm::check_size("validating", sizes.gzip, GZIP_BYTES_MAX, "gzip"),
        false => Ok(()),
    }
}
