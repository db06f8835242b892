//! Everything that crosses folders, in one test binary over the public API.

#![allow(clippy::unwrap_used)]

mod accounts;
mod adoption;
mod audit;
mod bad_input;
mod docs;
mod durability;
mod encrypted_sessions;
mod encryption;
mod golden;
mod hiding;
mod history;
mod interop;
mod isolation;
mod keys;
mod limits;
mod models;
mod newer;
mod oracle;
mod policies;
mod pull;
mod rebuild;
mod replicas;
mod requests;
mod restore;
mod rights;
mod rights_meanwhile;
mod scenarios;
mod standing;
mod standing_pages;
mod turns;
mod two_connections;
mod updown;
mod validation;
mod versions;
