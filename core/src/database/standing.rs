//! Standing queries, and pages among them that are kept up to date row by row.

use std::cell::RefCell;

use crate::actor::Actor;
use crate::capture::{Concern, Watch, WrittenKey};
use crate::database::Database;
use crate::error::Result;
use crate::owner::rows::Rows;
use crate::owner::{StandingPage, Written};
use crate::query::ListOptions;

/// The pages that are kept up to date, by the names of their queries, in the names' order.
#[derive(Default)]
pub(super) struct Pages(RefCell<Vec<Kept>>);

/// A page, and what it is a page of.
struct Kept {
    key: String,
    /// Who reads it; whoever holds the file, where nobody is named.
    actor: Option<Actor>,
    table: String,
    options: ListOptions,
    /// None where it has to be read anew.
    page: Option<StandingPage>,
}

/// Rows that were written, as the query of a page finds them.
struct Asked {
    /// The place of the page among all.
    place: usize,
    keys: Vec<WrittenKey>,
    written: Vec<Written>,
}

impl Database {
    /// Adds a standing query; the one of the same name goes.
    pub(crate) fn watch(&self, watch: Watch) -> Result<()> {
        self.pages.remove(&watch.key);
        // What other connections write from now on is told from what they wrote before.
        self.engine.recorder.look_for_others(&self.engine.connection)?;
        self.engine.recorder.watch(watch);
        Ok(())
    }

    /// Forgets a standing query.
    pub fn unwatch(&self, key: &str) {
        self.pages.remove(key);
        self.engine.recorder.unwatch(key);
    }

    /// The names of the standing queries that have to be asked again: writes concerned them since
    /// this was last called. See [`crate::call::watch`].
    ///
    /// # Errors
    ///
    /// - `io`: the file can't be read
    pub fn concerned(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for (key, _) in self.engine.recorder.take_concerned(&self.engine.connection)? {
            self.pages.remove(&key);
            names.push(key);
        }
        Ok(names)
    }

    /// A page of rows as JSON, which is kept up to date from now on as a standing query's answer.
    pub(crate) fn list_standing(
        &self,
        key: &str,
        actor: Option<Actor>,
        table: String,
        options: ListOptions,
    ) -> Result<String> {
        let (mut text, mut page) = (String::new(), None);
        self.with_rows(actor.as_ref(), &mut |rows| {
            (text, page) = rows.list_standing(&table, &options)?;
            Ok(())
        })?;
        self.pages.add(Kept { key: key.to_owned(), actor, table, options, page });
        Ok(text)
    }

    /// Tells the standing queries that writes concerned since this was last called, with what they
    /// changed of its page, as JSON; none where it has to be asked again. Where nothing of a page
    /// is another now, it is left out.
    ///
    /// # Errors
    ///
    /// - `io`: the file can't be read
    pub(crate) fn tell_changes(&self, tell: &mut dyn FnMut(&str, Option<&str>)) -> Result<()> {
        let mut pages = self.pages.0.borrow_mut();
        // Pages of the same rows are of different lengths at most, and asked for once.
        let mut asked: Vec<Asked> = Vec::new();
        for (key, concern) in self.engine.recorder.take_concerned(&self.engine.connection)? {
            let mut changed = None;
            if let Ok(place) = place(&pages, &key) {
                if let Concern::Rows(keys) = concern {
                    changed = self.changed(&mut pages, place, keys, &mut asked);
                }
                if changed.is_none() {
                    pages[place].page = None;
                }
            }
            if changed.as_deref() != Some("") {
                tell(&key, changed.as_deref());
            }
        }
        Ok(())
    }

    fn changed(
        &self,
        pages: &mut [Kept],
        place: usize,
        keys: Vec<WrittenKey>,
        asked: &mut Vec<Asked>,
    ) -> Option<String> {
        let page = &pages[place];
        page.page.as_ref()?;
        let same = |one: &Asked| one.keys == keys && pages[one.place].is_like(page);
        let at = match asked.iter().position(same) {
            Some(at) => at,
            None => {
                let mut written = Vec::new();
                let read = self.with_rows(page.actor.as_ref(), &mut |rows| {
                    written = rows.written(&page.table, &page.options, &keys)?;
                    Ok(())
                });
                // Why not is said to whoever asks again.
                read.ok()?;
                asked.push(Asked { place, keys, written });
                asked.len() - 1
            }
        };
        pages[place].page.as_mut()?.apply(&asked[at].written)
    }

    fn with_rows(
        &self,
        actor: Option<&Actor>,
        work: &mut dyn FnMut(Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some(actor) = actor else { return work(self.owner()?.rows()) };
        let session = self.session(actor.clone())?;
        let rules = session.rules()?;
        work(session.rows(&rules))
    }
}

impl Pages {
    fn add(&self, kept: Kept) {
        let mut pages = self.0.borrow_mut();
        match place(&pages, &kept.key) {
            Ok(place) => pages[place] = kept,
            Err(place) => pages.insert(place, kept),
        }
    }

    fn remove(&self, key: &str) {
        let mut pages = self.0.borrow_mut();
        if let Ok(place) = place(&pages, key) {
            pages.remove(place);
        }
    }
}

fn place(pages: &[Kept], key: &str) -> std::result::Result<usize, usize> {
    pages.binary_search_by(|kept| kept.key.as_str().cmp(key))
}

impl Kept {
    /// Whether two pages are of the same rows, up to where they end.
    fn is_like(&self, other: &Kept) -> bool {
        let (own, others) = (&self.options, &other.options);
        self.table == other.table
            && self.actor == other.actor
            && own.filter == others.filter
            && own.order == others.order
            && own.after == others.after
            && own.include_deleted == others.include_deleted
            && own.columns == others.columns
    }
}
