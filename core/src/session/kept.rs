//! What the actors of the latest sessions may do, so that the next session of one of them needs no
//! look at the database unless something was written that their rights hang on.

use std::cell::RefCell;
use std::sync::Arc;

use super::Session;
use super::standing::Standing;
use crate::actor::Actor;
use crate::error::Result;
use crate::owner::Engine;

/// How many actors are kept: a page acts for one, a server's worker for the people of an hour.
const ACTORS_MAX: usize = 32;

/// The latest actors of one open database, the most recent one last.
#[derive(Default)]
pub(crate) struct KeptActors {
    standings: RefCell<Vec<Kept>>,
}

struct Kept {
    actor: Actor,
    standing: Standing,
    hangs_on: Arc<[usize]>,
}

impl KeptActors {
    /// A session of an actor, as if it had been open since the last one: what may have changed
    /// meanwhile is looked at again.
    ///
    /// # Errors
    ///
    /// - `session_ended`: the actor is unknown, suspended, or has no place in the tenant
    pub(crate) fn session<'db>(
        &self,
        engine: &'db Engine,
        actor: Actor,
        newer: Option<(i64, i64)>,
    ) -> Result<Session<'db>> {
        let session = match self.take(&actor) {
            None => Session::open(engine, actor, newer)?,
            Some(Kept { standing, hangs_on, .. }) => {
                let session = Session::resume(engine, actor, newer, hangs_on, standing);
                session.rules()?;
                session
            }
        };
        self.keep(&session);
        Ok(session)
    }

    /// Forgets everybody: the schema is about to change, which nobody's rights are written for.
    pub(crate) fn forget(&self) {
        self.standings.borrow_mut().clear();
    }

    fn take(&self, actor: &Actor) -> Option<Kept> {
        let mut standings = self.standings.borrow_mut();
        let place = standings.iter().rposition(|kept| is_same(&kept.actor, actor))?;
        Some(standings.remove(place))
    }

    fn keep(&self, session: &Session<'_>) {
        let mut standings = self.standings.borrow_mut();
        if standings.len() >= ACTORS_MAX {
            standings.remove(0);
        }
        standings.push(Kept {
            actor: session.actor.clone(),
            standing: session.standing.borrow().clone(),
            hangs_on: session.hangs_on.clone(),
        });
    }
}

/// Whether two actors have the same rights: where they call from decides nothing.
fn is_same(one: &Actor, other: &Actor) -> bool {
    one.principal == other.principal
        && one.tenant == other.tenant
        && one.narrowed_to == other.narrowed_to
}
