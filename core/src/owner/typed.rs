//! Reading rows into an app's own types, without a map of JSON in between.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer};
use serde::de::{MapAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::Kind;
use crate::owner::read::Found;
use crate::value::SqlValue;

/// What serde says of a row that doesn't fit.
type Mismatch = serde_json::Error;

/// A row as a value of the app's type.
///
/// # Errors
///
/// - `invalid_argument`: the type doesn't fit the table's columns
/// - `corrupt`: what is stored can't belong to its column
pub(super) fn into<T: DeserializeOwned>(found: &Found<'_>) -> Result<T> {
    T::deserialize(Members { found, next: 0 }).map_err(|mismatch| Error::InvalidArgument {
        argument: "type".to_owned(),
        message: format!("does not fit rows of `{}`: {mismatch}", found.plan.table()),
    })
}

/// A row as a map of its shown columns.
struct Members<'f, 'r> {
    found: &'f Found<'r>,
    next: usize,
}

impl<'de> Deserializer<'de> for Members<'_, '_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let Some(name) = self.found.name(self.next) else { return Ok(None) };
        self.next += 1;
        let name: StrDeserializer<'_, Mismatch> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let place = self.next - 1;
        let (kind, stored) = self.found.stored(place).map_err(mismatch)?;
        let member = match (kind, &stored) {
            (_, SqlValue::Null) => Member::Null,
            (Some(Kind::Integer), SqlValue::Integer(number)) => Member::Integer(*number),
            (Some(Kind::Boolean), SqlValue::Integer(flag)) => Member::Boolean(*flag != 0),
            (Some(Kind::Real), SqlValue::Real(number)) => Member::Real(*number),
            (
                Some(
                    Kind::Text
                    | Kind::Uuid
                    | Kind::Timestamp
                    | Kind::Date
                    | Kind::Time
                    | Kind::Enum { .. },
                ),
                SqlValue::Text(text),
            ) => Member::Text(text),
            _ => Member::Json(self.found.value(place).map_err(mismatch)?),
        };
        seed.deserialize(member)
    }
}

fn mismatch(error: Error) -> Mismatch {
    serde::de::Error::custom(error)
}

/// One value.
enum Member<'v> {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(&'v str),
    Json(Value),
}

impl<'de> Deserializer<'de> for Member<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Member::Null => visitor.visit_unit(),
            Member::Boolean(flag) => visitor.visit_bool(flag),
            Member::Integer(number) => visitor.visit_i64(number),
            Member::Real(number) => visitor.visit_f64(number),
            Member::Text(text) => visitor.visit_str(text),
            Member::Json(value) => value.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Member::Null | Member::Json(Value::Null) => visitor.visit_none(),
            member => visitor.visit_some(member),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self {
            Member::Text(text) => visitor.visit_enum(Variant(text)),
            Member::Json(value) => value.deserialize_enum(name, variants, visitor),
            member => member.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A text as the name of an enum's variant.
struct Variant<'v>(&'v str);

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Mismatch;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Mismatch> {
        let name: StrDeserializer<'_, Mismatch> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, Unit))
    }
}

/// A variant without content.
struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Mismatch> {
        Err(serde::de::Error::custom("an enum's value is a name alone"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Mismatch> {
        Err(serde::de::Error::custom("an enum's value is a name alone"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Mismatch> {
        Err(serde::de::Error::custom("an enum's value is a name alone"))
    }
}
