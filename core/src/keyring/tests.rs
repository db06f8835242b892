//! Places and stored forms: no two places look alike, and nothing that is read makes trouble.

use proptest::prelude::*;

use super::stored::{Stored, blind_letters, encode, head};
use super::*;
use crate::host::FixedHost;
use crate::value::SqlValue;

fn value() -> impl Strategy<Value = SqlValue<'static>> {
    prop_oneof![
        Just(SqlValue::Null),
        any::<i64>().prop_map(SqlValue::Integer),
        "[a-b]{0,3}".prop_map(SqlValue::from),
        prop::collection::vec(0_u8..3, 0..3).prop_map(|bytes| SqlValue::Blob(bytes.into())),
    ]
}

type Parts = (u8, String, String, String, Vec<SqlValue<'static>>);

fn parts() -> impl Strategy<Value = Parts> {
    let name = || "[a-b]{0,2}";
    (0_u8..3, name(), name(), name(), prop::collection::vec(value(), 0..3))
}

/// Everything that a place says; the public one's holder has no id.
fn place((scope, id, table, column, key): &Parts) -> (Place<'_>, String) {
    let holder = match scope {
        0 => KeyHolder::Tenant(id),
        1 => KeyHolder::User(id),
        _ => KeyHolder::Public,
    };
    let said = format!("{holder:?} {table} {column} {key:?}");
    (Place { holder, table, column, key }, said)
}

proptest! {
    #[test]
    fn no_two_places_look_alike(one in parts(), other in parts()) {
        let ((one, said), (other, also_said)) = (place(&one), place(&other));
        prop_assert_eq!(one.authenticated(b"h") == other.authenticated(b"h"), said == also_said);
        prop_assert_ne!(one.authenticated(b"h"), one.authenticated(b"g"));
    }

    #[test]
    fn any_text_can_be_read_and_most_are_nothing(text in ".{0,120}") {
        let _ = Stored::parse(&text);
    }

    #[test]
    fn what_is_stored_is_taken_apart_again(
        id in any::<i64>(),
        blind in any::<Option<[u8; 15]>>(),
        sealed in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let head = head(KeyId(id), blind);
        let text = encode(&[&head[..], &sealed].concat());
        let parsed = Stored::parse(&text);
        prop_assert_eq!(parsed.is_some(), sealed.len() >= 40);
        let Some(parsed) = parsed else { return Ok(()) };
        prop_assert_eq!((parsed.id, parsed.head(), parsed.sealed()), (KeyId(id), &head[..], &sealed[..]));
        if let Some(blind) = blind {
            let at = BLIND_START - 1;
            prop_assert_eq!(&text[at..at + BLIND_LETTERS], blind_letters(blind));
        }
    }
}

#[test]
fn ids_count_up_and_differ_between_replicas() {
    let (one, other) = (FixedHost::new(0, 1), FixedHost::new(0, 2));
    let first = KeyId::next(None, &one);
    assert_eq!((first.version(), KeyId::next(Some(first), &one).version()), (1, 2));
    assert!(KeyId::next(Some(first), &one) > first);
    assert_ne!(first, KeyId::next(None, &other));
}
