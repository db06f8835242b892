//! Sessions' own SQL: it works as SQL does, and tells of nothing and changes nothing that the
//! actor may not.

mod attack;
mod benign;
mod turns;
mod world;
