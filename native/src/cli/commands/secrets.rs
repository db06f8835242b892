//! `secret` and `tenant`: the keys that encrypted columns are sealed under.

use freehold::crypto::MasterKey;
use freehold::keyring::KeyHolder;
use freehold::{Access, SystemHost};
use serde_json::json;

use crate::args::{Secret, Tenant};
use crate::context::{Context, read_key};
use crate::report::{Failure, Report, to_json};

/// Runs a command below `secret`.
pub fn run(context: &Context<'_>, command: &Secret) -> Result<Report, Failure> {
    match command {
        Secret::New => {
            let key = MasterKey::random(&SystemHost);
            let text = key.to_text();
            Ok(Report::done(format!("{}\n", text.as_str()), json!({ "key": text.as_str() })))
        }
        Secret::Rotate { new_key_file: Some(path), model, .. } => {
            let new = read_key(path)?;
            let mut database = context.open(Access::ReadWrite, model)?;
            let keys = database.rotate_master(new)?;
            let text = format!("{keys} data key(s) are under the new master key\n");
            Ok(Report::done(text, json!({ "keys": keys })))
        }
        Secret::Rotate { tenant, new_key_file: None, model } => {
            let mut database = context.open(Access::ReadWrite, model)?;
            let tenant = tenant.as_ref().map(|slug| database.tenant(slug)).transpose()?;
            let rotated = database.rotate_keys(tenant.as_deref().map(KeyHolder::Tenant))?;
            let (keys, values) = (rotated.keys, rotated.values);
            let text = format!("{values} value(s) are under {keys} new data key(s)\n");
            Ok(Report::done(text, to_json(rotated)?))
        }
    }
}

/// Runs a command below `tenant`.
pub fn tenant(context: &Context<'_>, command: &Tenant) -> Result<Report, Failure> {
    let Tenant::Shred { slug, yes, model } = command;
    if !yes {
        let message = "nobody can read the tenant's encrypted values after this; say --yes if that \
                       is meant";
        return Err(Failure::Usage(message.to_owned()));
    }
    let mut database = context.open(Access::ReadWrite, model)?;
    let id = database.tenant(slug)?;
    let shredded = database.shred(KeyHolder::Tenant(&id))?;
    let text = format!("destroyed {} data key(s) of {slug}\n", shredded.keys.len());
    Ok(Report::done(text, to_json(shredded)?))
}
