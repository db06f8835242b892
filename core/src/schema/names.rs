//! The names of constraints, indexes and triggers, all made from tables' and columns' names.

/// The longest name that PostgreSQL keeps whole, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// The parts joined by `_`. A name that would be too long is cut and ends in a hash of the whole,
/// which is the same everywhere and always.
pub(super) fn join<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> String {
    let (mut whole, mut last) = (String::with_capacity(NAME_BYTES_MAX), 0);
    for part in parts {
        if !whole.is_empty() {
            whole.push('_');
        }
        last = whole.len();
        whole.push_str(part.as_ref());
    }
    if whole.len() <= NAME_BYTES_MAX {
        return whole;
    }
    let end = format!("_{}_{}", hash(&whole), &whole[last..]);
    let mut cut = NAME_BYTES_MAX.saturating_sub(end.len());
    while !whole.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{end}", whole[..cut].trim_end_matches('_'))
}

/// A text's hash in eight hexadecimal digits.
pub(super) fn hash(text: &str) -> String {
    format!("{:08x}", fnv1a(text.as_bytes()))
}

/// FNV-1a, 32 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_stay_different() {
        assert_eq!(join(["a", "b", "idx"]), "a_b_idx");
        let one = join(["a".repeat(40), "b".repeat(40), "idx".to_owned()]);
        let other = join(["a".repeat(40), "b".repeat(41), "idx".to_owned()]);
        assert_eq!(one.len(), 63);
        assert!(one.ends_with("_idx"), "{one}");
        assert_ne!(one, other);
        assert_eq!(one, format!("{}_{}_d778834a_idx", "a".repeat(40), "b".repeat(9)));
    }
}
