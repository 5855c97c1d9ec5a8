//! The length of a run of bytes of one sort.

const BLOCK: usize = 16;

/// Returns the number of bytes at the beginning for which `is_in` holds. Whole blocks are looked at without branches, so that the
/// compiler can look at all their bytes at once.
pub(crate) fn prefix(bytes: &[u8], is_in: impl Fn(u8) -> bool) -> usize {
    let is_all_in = |block: &&[u8]| block.iter().fold(true, |all, byte| all & is_in(*byte));
    let blocks = bytes.chunks_exact(BLOCK).take_while(is_all_in).count() * BLOCK;
    blocks + bytes[blocks..].iter().take_while(|byte| is_in(**byte)).count()
}

/// Returns the number of lower-case hexadecimal digits at the beginning.
pub fn lower_hex(bytes: &[u8]) -> usize {
    prefix(bytes, |byte| byte.is_ascii_digit() | (b'a'..=b'f').contains(&byte))
}

/// Returns the number of spaces at the beginning.
pub(crate) fn spaces(bytes: &[u8]) -> usize {
    by_words(bytes, |word| word ^ every(b' '), |byte| byte == b' ')
}

/// Returns the number of bytes at the beginning that are printable ASCII that stands for itself in a JSON string.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let others = |word: u64| {
        // The lowest of the high bits is that of the first byte that is zero; those above it may be wrong.
        let zero = |word: u64| word.wrapping_sub(every(1)) & !word;
        let control = word.wrapping_sub(every(b' ')) & !word;
        let marks = zero(word ^ every(b'"')) | zero(word ^ every(b'\\')) | zero(word ^ every(0x7f));
        (control | marks | word) & every(0x80)
    };
    by_words(bytes, others, |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}

/// Returns the number of bytes at the beginning that are printable ASCII that Go writes into a JSON string as it is.
pub(crate) fn unescaped(bytes: &[u8]) -> usize {
    let marks = [b'"', b'\\', b'<', b'>', b'&'];
    let others = |word: u64| {
        let zero = |word: u64| word.wrapping_sub(every(1)) & !word;
        let control = word.wrapping_sub(every(b' ')) & !word;
        let marks = marks.iter().fold(0, |all, mark| all | zero(word ^ every(*mark)));
        (control | marks | word) & every(0x80)
    };
    by_words(bytes, others, |byte| matches!(byte, b' '..=0x7f) && !marks.contains(&byte))
}

/// Goes through eight bytes at a time. `others` gives bits, the lowest of them in the first byte that does not belong.
fn by_words(bytes: &[u8], others: impl Fn(u64) -> u64, belongs: impl Fn(u8) -> bool) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let others = others(u64::from_le_bytes(*word));
        if others != 0 {
            return 8 * index + others.trailing_zeros() as usize / 8;
        }
    }
    let rest = &bytes[8 * words.len()..];
    8 * words.len() + rest.iter().take_while(|byte| belongs(**byte)).count()
}

const fn every(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    use super::{plain, prefix, spaces};

    #[test]
    fn every_byte_that_does_not_belong_ends_it_wherever_it_stands() {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        for length in 0..30 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = byte;
                    assert_eq!(
                        plain(&bytes),
                        bytes.iter().take_while(|byte| is_plain(byte)).count(),
                        "{bytes:?}"
                    );
                    bytes.iter_mut().filter(|byte| **byte == b'a').for_each(|byte| *byte = b' ');
                    let expected = bytes.iter().take_while(|byte| **byte == b' ').count();
                    assert_eq!(spaces(&bytes), expected, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn the_first_byte_of_another_sort_ends_it_wherever_it_stands() {
        for length in 0..70 {
            for other in 0..=length {
                let mut bytes = vec![b'a'; length];
                if let Some(byte) = bytes.get_mut(other) {
                    *byte = b'b';
                }
                assert_eq!(prefix(&bytes, |byte| byte == b'a'), other);
            }
        }
    }
}
