//! The command line tool as people and scripts use it: the real binary, on real files.
#![allow(clippy::unwrap_used)]

mod bad_files;
mod bad_models;
mod commands;
mod help;
mod kill;
mod kill_rotation;
mod migrations;
mod people;
mod secrets;
mod support;
