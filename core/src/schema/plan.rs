//! stub
use super::*;
/// x
#[derive(Default)]
pub struct Renames;
impl Renames {
    /// x
    pub fn table(&mut self, _: &str, _: &str) {}
    /// x
    pub fn column(&mut self, _: &str, _: &str, _: &str) {}
}
/// x
pub struct Plan {
    /// x
    pub up: String,
    /// x
    pub down: String,
    /// x
    pub losses: Vec<String>,
}
/// x
pub fn plan(_: &Schema, _: &Schema, _: &Renames) -> Plan {
    Plan { up: String::new(), down: String::new(), losses: vec![] }
}
