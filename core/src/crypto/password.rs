//! Passwords: argon2id (RFC 9106) as PHC strings, the form that other libraries read and write.

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::host::Host;

/// The longest password: hashing takes time for every byte.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// What OWASP asks for: 19 MiB, two passes, one lane.
const STRENGTH: Strength = Strength { memory_kib: 19_456, passes: 2, lanes: 1 };

/// What is still verified: a foreign string can't take all memory or time.
const STRENGTH_MAX: Strength = Strength { memory_kib: 262_144, passes: 16, lanes: 16 };

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Strength {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The PHC string of a password, salted with the host's random bytes:
/// `$argon2id$v=19$m=19456,t=2,p=1$…$…`.
///
/// # Errors
///
/// - `invalid_argument`: the password is empty or longer than [`PASSWORD_BYTES_MAX`]
pub fn hash(password: &str, host: &dyn Host) -> Result<String> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        let message = format!("must have 1 to {PASSWORD_BYTES_MAX} bytes");
        return Err(Error::InvalidArgument { argument: "password".to_owned(), message });
    }
    let mut salt = [0_u8; SALT_BYTES];
    host.fill_random(&mut salt);
    let mut hash = [0_u8; HASH_BYTES];
    let made = derive(password, &salt, STRENGTH, &mut hash);
    made.expect("the core's own strength is within argon2's limits");
    let Strength { memory_kib, passes, lanes } = STRENGTH;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
}

/// Whether this is the password of a PHC string. A string of another kind is no password's.
///
/// Takes as long for a wrong password as for the right one.
pub fn verify(password: &str, phc: &str) -> bool {
    let Some(parsed) = Phc::parse(phc).filter(|_| password.len() <= PASSWORD_BYTES_MAX) else {
        verify_nobody(password);
        return false;
    };
    let mut hash = Zeroizing::new(vec![0_u8; parsed.hash.len()]);
    let made = derive(password, &parsed.salt, parsed.strength, &mut hash);
    made.is_some() && bool::from(hash.ct_eq(&parsed.hash))
}

/// Spends the time of a verification, for accounts that don't exist: so nobody learns by the clock
/// which do.
pub fn verify_nobody(password: &str) {
    let password = if password.len() <= PASSWORD_BYTES_MAX { password } else { "" };
    let mut hash = [0_u8; HASH_BYTES];
    black_box(derive(password, &[0; SALT_BYTES], STRENGTH, &mut hash));
    black_box(hash);
}

/// Whether a PHC string is weaker than what new ones are, or of another kind: hash the password
/// anew when it was verified next.
pub fn needs_rehash(phc: &str) -> bool {
    Phc::parse(phc).is_none_or(|parsed| {
        let Strength { memory_kib, passes, lanes } = parsed.strength;
        memory_kib < STRENGTH.memory_kib
            || passes < STRENGTH.passes
            || lanes < STRENGTH.lanes
            || parsed.salt.len() < SALT_BYTES
            || parsed.hash.len() < HASH_BYTES
    })
}

fn derive(password: &str, salt: &[u8], strength: Strength, hash: &mut [u8]) -> Option<()> {
    let Strength { memory_kib, passes, lanes } = strength;
    let params = Params::new(memory_kib, passes, lanes, Some(hash.len())).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), salt, hash).ok()
}

/// A PHC string, read.
struct Phc {
    strength: Strength,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Phc {
    fn parse(text: &str) -> Option<Phc> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (strength, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let strength = Strength::parse(strength)?;
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).ok();
        let (salt, hash) = (bytes(salt)?, bytes(hash)?);
        let sound = parts.next().is_none()
            && (8..=64).contains(&salt.len())
            && (16..=64).contains(&hash.len());
        sound.then_some(Phc { strength, salt, hash })
    }
}

impl Strength {
    fn parse(text: &str) -> Option<Strength> {
        let mut parts = text.split(',');
        let mut next = |name: &str, max: u32| {
            let number: u32 = parts.next()?.strip_prefix(name)?.parse().ok()?;
            (1..=max).contains(&number).then_some(number)
        };
        let memory_kib = next("m=", STRENGTH_MAX.memory_kib)?;
        let passes = next("t=", STRENGTH_MAX.passes)?;
        let lanes = next("p=", STRENGTH_MAX.lanes)?;
        parts.next().is_none().then_some(Strength { memory_kib, passes, lanes })
    }
}
