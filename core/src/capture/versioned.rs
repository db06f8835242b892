//! What a transaction did to rows whose tables keep versions.

use std::sync::Arc;

use super::Recorder;
use super::change::{Change, read_kind};
use super::encode::{Reader, unpack};
use crate::error::Result;
use crate::value::SqlValue;

/// A change of a row whose table keeps versions.
pub(crate) struct Versioned {
    /// The table's position in the model.
    pub(crate) table: usize,
    pub(crate) scope: String,
    pub(crate) shape_id: i64,
    pub(crate) change: Change,
    /// The row afterwards, in the shape's order; None where it went.
    pub(crate) image: Option<Vec<SqlValue<'static>>>,
}

impl Recorder {
    /// What the open transaction did to rows whose tables keep versions, in order.
    ///
    /// # Errors
    ///
    /// - `corrupt`: a note can't be read, which would be a bug
    pub(crate) fn versioned(&self) -> Result<Vec<Versioned>> {
        let notes = self.lock();
        let kept = notes.images.iter().filter(|image| {
            let entry = notes.entries[image.entry];
            image.entry >= notes.first_kept(entry.scope)
        });
        let versioned = kept.map(|image| {
            let entry = notes.entries[image.entry];
            let recorded = notes.recorded(entry.table);
            let mut reader = Reader::new(notes.values(image.entry));
            let operation = i64::from(entry.operation);
            let kind = read_kind(operation, &recorded.shape, &mut reader)?;
            let image_of = |bytes: &[u8]| unpack(bytes, recorded.shape.columns.len());
            let shape = Arc::new(recorded.shape.clone());
            Ok(Versioned {
                table: entry.table as usize,
                scope: notes.scopes[entry.scope as usize].clone(),
                shape_id: recorded.shape_id,
                change: Change { shape, ordinal: image.entry, kind },
                image: (!image.bytes.is_empty()).then(|| image_of(&image.bytes)).transpose()?,
            })
        });
        versioned.collect()
    }
}
