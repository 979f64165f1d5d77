//! What can nobody guess? Numbers from the system's own generator, for identifiers and for draws.

use ring::rand::{SecureRandom, SystemRandom};

/// The system gives none. What must not be guessed is then not made at all, rather than from something weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the system")]
pub struct NoRandomness;

/// Fills `bytes`.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    SystemRandom::new().fill(bytes).map_err(|_| NoRandomness)
}

/// Any number of 16 bits.
pub(crate) fn u16() -> Result<u16, NoRandomness> {
    let mut bytes = [0; 2];
    fill(&mut bytes)?;
    Ok(u16::from_ne_bytes(bytes))
}

/// Any number of 64 bits.
pub(crate) fn u64() -> Result<u64, NoRandomness> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A number from 0 to `max`, both included, each as likely as the others to one part in 2^32.
pub(crate) fn up_to(max: u32) -> Result<u32, NoRandomness> {
    Ok(scaled(u64()?, max))
}

/// The place of `number` among all of 64 bits, on a scale from 0 to `max`.
fn scaled(number: u64, max: u32) -> u32 {
    let scaled = (u128::from(number) * (u128::from(max) + 1)) >> 64;
    u32::try_from(scaled).unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_reaches_both_ends_and_every_part_alike() {
        for max in [0, 1, 6, u32::MAX - 1, u32::MAX] {
            assert_eq!((scaled(0, max), scaled(u64::MAX, max)), (0, max));
            assert_eq!(scaled(1 << 63, max), (max >> 1) + (max & 1), "{max}");
        }
        let drawn: Vec<_> = (0..7).map(|part| scaled(u64::MAX / 7 * part + 10, 6)).collect();
        assert_eq!(drawn, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn numbers_do_not_repeat() {
        let mut numbers: Vec<_> = (0..1000).map(|_| u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 1000);
        let mut drawn: Vec<_> = (0..1000).map(|_| up_to(2).unwrap()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [0, 1, 2]);
        assert!((0..100).any(|_| u16().unwrap() > 255), "both bytes are filled");
    }
}
