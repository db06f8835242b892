//! What rules have said lately, so that many rows of a kind are not judged one by one.

use std::sync::{Mutex, MutexGuard};

use crate::value::SqlValue;

/// Verdicts that are kept at once; people work on a few projects at a time.
const KEPT_MAX: usize = 64;

/// Verdicts of one rule by the values that it looked at. They hold until a row is written that the
/// rule looks up.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The count of writes as of which they hold.
    generation: u64,
    verdicts: Vec<(Vec<SqlValue<'static>>, bool)>,
}

impl Kept {
    /// Forgets the verdicts where what they rest on was written since.
    fn hold_as_of(&mut self, generation: u64, is_stale: impl FnOnce(u64) -> bool) {
        if self.generation != generation {
            if is_stale(self.generation) {
                self.verdicts.clear();
            }
            self.generation = generation;
        }
    }
}

impl Verdicts {
    /// None, for now.
    pub(crate) const fn new() -> Verdicts {
        Verdicts(Mutex::new(Kept { generation: 0, verdicts: Vec::new() }))
    }

    /// The verdict on these values, where it is known. `is_stale` tells whether what the rule looks
    /// up was written since a generation.
    pub(crate) fn get(
        &self,
        generation: u64,
        is_stale: impl FnOnce(u64) -> bool,
        values: &[&SqlValue<'_>],
    ) -> Option<bool> {
        let mut kept = self.lock();
        kept.hold_as_of(generation, is_stale);
        let found = kept.verdicts.iter().rposition(|(known, _)| {
            known.len() == values.len() && known.iter().zip(values).all(|(a, b)| a == *b)
        })?;
        let last = kept.verdicts.len() - 1;
        // What was asked for last stands last.
        kept.verdicts[found..].rotate_left(1);
        Some(kept.verdicts[last].1)
    }

    /// The values that were let through last, if that still holds.
    pub(crate) fn passed_last(
        &self,
        generation: u64,
        is_stale: impl FnOnce(u64) -> bool,
    ) -> Option<Vec<SqlValue<'static>>> {
        let mut kept = self.lock();
        kept.hold_as_of(generation, is_stale);
        kept.verdicts.last().filter(|(_, verdict)| *verdict).map(|(values, _)| values.clone())
    }

    /// Keeps a verdict that was found as of the generation last asked for.
    pub(crate) fn put(&self, values: &[&SqlValue<'_>], verdict: bool) {
        let mut kept = self.lock();
        if kept.verdicts.len() >= KEPT_MAX {
            kept.verdicts.clear();
        }
        let values = values.iter().map(|value| (*value).clone().into_owned()).collect();
        kept.verdicts.push((values, verdict));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_holds_until_what_it_rests_on_is_written() {
        let verdicts = Verdicts::new();
        let (one, two) = (SqlValue::Integer(1), SqlValue::Integer(2));
        assert_eq!(verdicts.get(5, |_| true, &[&one]), None);
        verdicts.put(&[&one], true);
        verdicts.put(&[&two], false);
        assert_eq!(verdicts.get(5, |_| panic!("nothing was written"), &[&one]), Some(true));
        assert_eq!(verdicts.passed_last(5, |_| false), Some(vec![one.clone()]));
        assert_eq!(verdicts.get(6, |since| since > 5, &[&two]), Some(false));
        assert_eq!(verdicts.passed_last(6, |_| false), None, "the last one was not let through");
        assert_eq!(verdicts.get(6, |_| false, &[&one]), Some(true));
        assert_eq!(verdicts.passed_last(6, |_| false), Some(vec![one.clone()]));
        assert_eq!(verdicts.passed_last(7, |since| since == 6), None);
        verdicts.put(&[&two], false);
        assert_eq!(verdicts.get(7, |_| true, &[&one, &two]), None);
        assert_eq!(verdicts.get(8, |since| since == 7, &[&two]), None);
    }
}
