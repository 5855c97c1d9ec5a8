//! How far bytes are of one sort.

/// How many bytes at the beginning are such that `is_in`. Whole blocks are looked at without branches, so that the
/// compiler can look at all their bytes at once.
pub(crate) fn prefix<const BLOCK: usize>(bytes: &[u8], is_in: impl Fn(u8) -> bool) -> usize {
    let is_all_in = |block: &&[u8]| block.iter().fold(true, |all, byte| all & is_in(*byte));
    let blocks = bytes.chunks_exact(BLOCK).take_while(is_all_in).count() * BLOCK;
    blocks + bytes[blocks..].iter().take_while(|byte| is_in(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn the_first_byte_of_another_sort_ends_it_wherever_it_stands() {
        for length in 0..70 {
            for other in 0..=length {
                let mut bytes = vec![b'a'; length];
                if let Some(byte) = bytes.get_mut(other) {
                    *byte = b'b';
                }
                assert_eq!(prefix::<8>(&bytes, |byte| byte == b'a'), other);
                assert_eq!(prefix::<16>(&bytes, |byte| byte == b'a'), other);
            }
        }
    }
}
