//! Freehold for browsers and Node: what JavaScript can call, and what the core needs from there.
#![cfg(target_family = "wasm")]

pub mod host;
mod probe;
pub mod storage;
