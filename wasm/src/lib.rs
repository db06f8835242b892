//! Freehold for browsers and Node: what JavaScript can call, and what the core needs from that world.
#![cfg(target_family = "wasm")]

pub mod host;
mod probe;
pub mod storage;
