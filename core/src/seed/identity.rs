//! Ids of seeded rows: the same on every replica, and valid UUIDv7 (RFC 9562).
//!
//! The time part is the set's time. The other bits are SipHash-2-4 (Aumasson and Bernstein, 2012)
//! with 128 bits over the model's name, the table's stable id, the column's stable id and what
//! names the row.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};
use uuid::Uuid;

/// The id of a seeded row. `row` is its label or its natural key.
pub(crate) fn derived_id(at_ms: i64, model: &str, table: &str, column: &str, row: &str) -> Uuid {
    let mut hasher = SipHasher24::new_with_key(b"freehold seed id");
    for part in [model, table, column, row] {
        // The length first, so that no two lists of parts run together to the same bytes.
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part.as_bytes());
    }
    let hash = hasher.finish128().as_bytes();
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    let at_ms = u64::try_from(at_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(at_ms, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::derived_id;

    #[test]
    fn ids_are_stable_and_of_version_7() {
        let id = derived_id(1_735_689_600_000, "demo", "teams", "id", "label engineering");
        assert_eq!(id.to_string(), "01941f29-7c00-745b-bd83-e71e1da023bc");
        assert_eq!(id.get_version_num(), 7);
        let other = derived_id(1_735_689_600_000, "demo", "team", "sid", "label engineering");
        assert_ne!(id, other);
    }
}
