//! How do numbers and vectors stand in a handshake message? The highest byte first, a vector behind its length (RFC 5246, section 4).

/// A number of two bytes, and what follows.
pub(super) fn take_u16(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*head), rest))
}

/// A vector behind its length of `N` bytes, and what follows.
pub(super) fn take_vector<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    let length = head.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}
