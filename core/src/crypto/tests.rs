//! Published test vectors, and what must not open.

#![allow(clippy::unwrap_used)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::aead::seal_with;
use super::*;
use crate::host::FixedHost;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

fn key(hex: &str) -> Key {
    Key::from_slice(&bytes(hex)).unwrap()
}

fn host() -> FixedHost {
    FixedHost::new(1_750_000_000_000, 7)
}

/// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
#[test]
fn xchacha20_poly1305_as_in_the_draft() {
    let key = key("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    let nonce = bytes("404142434445464748494a4b4c4d4e4f5051525354555657");
    let place = bytes("50515253c0c1c2c3c4c5c6c7");
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                  the future, sunscreen would be it.";
    let expected = bytes(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
         731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
         2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
         21f9664c97637da9768812f615c68b13b52e
         c0875924c1c7987947deafd8780acf49",
    );
    let mut sealed = Vec::new();
    seal_with(&key, nonce[..].try_into().unwrap(), &place, plain, &mut sealed);
    assert_eq!(sealed[..NONCE_BYTES], nonce);
    assert_eq!(sealed[NONCE_BYTES..], expected);
    assert_eq!(open(&key, &place, &sealed).unwrap()[..], plain[..]);
}

/// The test of NaCl's own distribution, `tests/secretbox.c`.
#[test]
fn secretbox_as_in_nacl() {
    let key = key("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
    let nonce = bytes("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
    let plain = bytes(
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e
         6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a
         838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705",
    );
    let boxed = bytes(
        "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531
         a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932
         164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14
         a6599b1f654cb45a74e355a5",
    );
    let text = STANDARD.encode([nonce, boxed].concat());
    assert_eq!(secretbox::open(&key, &text).unwrap()[..], plain);
}

/// RFC 7693 gives the hash of "abc" for 512 bits; this is the same for 256.
#[test]
fn blake2b_256() {
    let expected = bytes("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    assert_eq!(hash(b"abc")[..], expected);
    let key = Key::new(&[1; 32]);
    assert_ne!(keyed_hash(&key, &[b"ab", b"c"]), keyed_hash(&key, &[b"a", b"bc"]));
    assert_ne!(keyed_hash(&key, &[b"ab"]), keyed_hash(&Key::new(&[2; 32]), &[b"ab"]));
}

/// The strings of the reference implementation's own test, `phc-winner-argon2/src/test.c`.
#[test]
fn argon2id_as_in_the_reference() {
    for phc in [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        assert!(password::verify("password", phc), "{phc}");
        assert!(!password::verify("Password", phc), "{phc}");
        assert!(password::needs_rehash(phc), "a salt of 8 bytes is too short: {phc}");
    }
}

#[test]
fn a_password_verifies_and_another_one_does_not() {
    let host = host();
    let phc = password::hash("Grüße, Welt", &host).unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    assert!(password::verify("Grüße, Welt", &phc));
    assert!(!password::verify("Grüße, welt", &phc));
    assert!(!password::needs_rehash(&phc));
    assert_ne!(phc, password::hash("Grüße, Welt", &host).unwrap(), "the salt is another one");
    assert!(password::needs_rehash(&phc.replace("t=2", "t=1")));
    for refused in [String::new(), "x".repeat(password::PASSWORD_BYTES_MAX + 1)] {
        assert_eq!(password::hash(&refused, &host).unwrap_err().code(), "invalid_argument");
    }
}

/// Such strings may stand in a file that somebody else wrote.
#[test]
fn foreign_strings_verify_nothing_and_take_no_memory() {
    for phc in [
        "",
        "*",
        "$2b$12$abcdefghijklmnopqrstuu",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1b",
        "$argon2id$v=19$m=256,t=4294967295,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1b",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAA$AAAA",
        "$argon2id$v=19$m=256,t=2,p=1,data=AAAA$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1b",
    ] {
        assert!(!password::verify("password", phc), "{phc}");
        assert!(password::needs_rehash(phc), "{phc}");
    }
}

#[test]
fn an_api_key_is_found_by_its_prefix_and_verified_by_its_hash() {
    let host = host();
    let made = api_key::generate("fh", &host).unwrap();
    let other = api_key::generate("fh", &host).unwrap();
    assert_eq!(api_key::key_prefix(&made.text), Some(made.key_prefix.as_str()));
    assert!(made.key_prefix.starts_with("fh_") && made.key_prefix.len() == 11);
    assert!(api_key::verify(&made.text, &made.key_hash));
    assert!(!api_key::verify(&other.text, &made.key_hash));
    let shown = format!("{made:?}");
    let secret = made.text.rsplit('_').next().unwrap();
    assert!(!shown.contains(secret) && !made.key_hash.contains(secret), "{shown}");
    for broken in [
        "".to_owned(),
        made.key_prefix.clone(),
        made.text[..made.text.len() - 1].to_owned(),
        made.text.to_uppercase(),
        format!("{} ", *made.text),
        format!("x{}", *made.text).replace('_', "-"),
    ] {
        assert_eq!(api_key::key_prefix(&broken), None, "{broken}");
        assert!(!api_key::verify(&broken, &made.key_hash), "{broken}");
    }
    for prefix in ["", "a", "Ab", "a_b", "a-b", "abcdefghijklmnopq"] {
        assert_eq!(api_key::generate(prefix, &host).unwrap_err().code(), "invalid_argument");
    }
}

#[test]
fn keys_are_read_strictly_and_never_printed() {
    let master = MasterKey::random(&host());
    let text = master.to_text();
    assert!(MasterKey::parse(&format!(" {}\n", *text)).unwrap() == master);
    let shown = format!("{master:?} {:?}", master.key());
    assert_eq!(shown, "MasterKey(…) Key(…)");
    for broken in ["", "base64:", "AAAA", &text[7..], &text[..text.len() - 4], "base64:%%%%"] {
        let error = MasterKey::parse(broken).unwrap_err();
        assert_eq!(error.code(), "invalid_argument");
        assert!(broken.len() < 10 || !error.to_string().contains(broken), "{error}");
    }
}

proptest! {
    #[test]
    fn what_was_sealed_opens_at_its_place_and_nowhere_else(
        plain in prop::collection::vec(any::<u8>(), 0..200),
        place in prop::collection::vec(any::<u8>(), 0..40),
        seed in any::<u64>(),
        flipped in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let host = FixedHost::new(0, seed);
        let key = Key::random(&host);
        let mut sealed = Vec::new();
        seal(&key, &place, &plain, &host, &mut sealed);
        prop_assert_eq!(&open(&key, &place, &sealed).unwrap()[..], &plain[..]);
        prop_assert!(open(&Key::random(&host), &place, &sealed).is_none());
        prop_assert!(open(&key, &[&place[..], b"x"].concat(), &sealed).is_none());
        prop_assert!(open(&key, &place, &sealed[..cut.index(sealed.len())]).is_none());
        let at = flipped.index(sealed.len());
        sealed[at] ^= 1;
        prop_assert!(open(&key, &place, &sealed).is_none());

        let boxed = secretbox::seal(&key, &plain, &host);
        prop_assert_eq!(&secretbox::open(&key, &boxed).unwrap()[..], &plain[..]);
        prop_assert!(secretbox::open(&Key::random(&host), &boxed).is_none());
        prop_assert!(secretbox::open(&key, &boxed[..cut.index(boxed.len())]).is_none());
    }
}
