//! New keys for the versions in `_freehold_versions`, which hold ciphertexts as the rows had them.

use rusqlite::{OptionalExtension, params};

use crate::capture::change::Shapes;
use crate::capture::{pack, unpack};
use crate::error::{Error, Result};
use crate::internal;
use crate::keyring::KeyHolder;
use crate::model::Table;
use crate::owner::Engine;
use crate::owner::catalog::Plan;
use crate::value::SqlValue;

impl Engine {
    /// Seals the values of a table's versions under the newest keys; how many. What does not open
    /// stays as it is: a version may be of a time at which the table had another key.
    pub(super) fn reseal_versions(
        &self,
        table: &Table,
        plan: &Plan,
        only: Option<KeyHolder<'_>>,
    ) -> Result<u64> {
        if plan.sealing.is_none() || !table.versioned || !internal::is_there(&self.connection)? {
            return Ok(0);
        }
        let shapes = Shapes::read(&self.connection)?;
        let next = "SELECT id, shape, image FROM main._freehold_versions
                    WHERE table_id = ?1 AND id > ?2 ORDER BY id LIMIT 1";
        let put = "UPDATE main._freehold_versions SET image = ?2 WHERE id = ?1";
        let (mut count, mut after) = (0, 0_i64);
        loop {
            let found =
                self.connection.prepare_cached(next)?.query_row(params![table.id, after], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
                });
            let Some((id, shape, image)) = found.optional()? else { return Ok(count) };
            after = id;
            let Some(shape) = shapes.get(shape) else { continue };
            let mut values = unpack(&image, shape.columns.len())?;
            let positions = shape
                .columns
                .iter()
                .map(|column| table.columns.iter().position(|known| known.id == *column));
            let positions: Vec<Option<usize>> = positions.collect();
            let resealed = self.reseal_image(plan, &positions, &mut values, only)?;
            if resealed > 0 {
                self.connection.prepare_cached(put)?.execute(params![id, pack(&values)])?;
                count += resealed;
            }
        }
    }

    /// Seals the encrypted ones of a version's values; each stands for the column at a position.
    fn reseal_image(
        &self,
        plan: &Plan,
        positions: &[Option<usize>],
        values: &mut [SqlValue<'static>],
        only: Option<KeyHolder<'_>>,
    ) -> Result<u64> {
        let Some(sealing) = &plan.sealing else { return Ok(0) };
        let image = values.to_vec();
        let at = |position: usize| {
            let place = positions.iter().position(|known| *known == Some(position));
            Ok(place.map_or(SqlValue::Null, |place| image[place].borrowed()))
        };
        let owner = sealing.owner.map(&at).transpose()?;
        let id = owner.as_ref().map(|owner| sealing.id_of(plan, owner)).transpose()?.flatten();
        if only.is_some_and(|only| only != sealing.holder_of(id.as_deref())) {
            return Ok(0);
        }
        let mut count = 0;
        for (place, position) in positions.iter().enumerate() {
            let Some(position) = position.filter(|at| sealing.positions().any(|it| it == *at))
            else {
                continue;
            };
            if image[place].is_null() {
                continue;
            }
            match self.open_value(plan, position, &image[place], &at) {
                Ok(Some(plain)) => {
                    values[place] = self.seal_value(&*self.host, plan, position, &plain, &at)?;
                    count += 1;
                }
                Ok(None) | Err(Error::CiphertextInvalid { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(count)
    }
}
