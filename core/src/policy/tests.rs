//! Policies folded for actors, as SQL text.
