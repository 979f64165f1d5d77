//! What has a server of TLS 1.2 signed in its first flight? Its share of an ephemeral key exchange (RFC 5246, section 7.4.3).

use super::element::{take_u16, take_vector};
use crate::tls::version::KeyExchange;

/// The server's share, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedParameters {
    /// SignatureAndHashAlgorithm, TLS 1.3's SignatureScheme.
    pub scheme: u16,
    /// What was signed, but for the client's random in front of it: the server's, then the parameters.
    pub content: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl SignedParameters {
    /// Of the body of a ServerKeyExchange; `None` where it is cut short, or has no curve's name.
    pub(super) fn read(key_exchange: KeyExchange, server_random: &[u8; RANDOM], body: &[u8]) -> Option<Self> {
        let rest = match key_exchange {
            KeyExchange::Ecdhe => {
                // A curve by its name, then the point (RFC 8422, section 5.4).
                let (_curve, rest) = body.strip_prefix(&[NAMED_CURVE])?.split_first_chunk::<2>()?;
                take_vector::<1>(rest)?.1
            }
            // Prime, generator, share.
            KeyExchange::Dhe => (0..3).try_fold(body, |rest, _| Some(take_vector::<2>(rest)?.1))?,
        };
        let parameters = body.strip_suffix(rest)?;
        let (scheme, rest) = take_u16(rest)?;
        let (signature, _) = take_vector::<2>(rest)?;
        Some(Self { scheme, content: [server_random.as_slice(), parameters].concat(), signature: signature.to_vec() })
    }
}

/// The length of a random, in bytes.
pub(super) const RANDOM: usize = 32;
const NAMED_CURVE: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::clear::hello::vector;

    #[test]
    fn what_was_signed_is_there_whatever_the_key_exchange() {
        let curve = [3, 0, 23, 2, 4, 9].as_slice();
        let group = [0, 1, 5, 0, 1, 2, 0, 2, 8, 8].as_slice();
        for (key_exchange, parameters) in [(KeyExchange::Ecdhe, curve), (KeyExchange::Dhe, group)] {
            let body = [parameters, &[4, 1], &vector::<2>(b"signature")].concat();
            let expected = SignedParameters {
                scheme: 0x0401,
                content: [[7; RANDOM].as_slice(), parameters].concat(),
                signature: b"signature".to_vec(),
            };
            assert_eq!(SignedParameters::read(key_exchange, &[7; RANDOM], &body), Some(expected), "{key_exchange:?}");
            for end in 0..body.len() {
                let cut = SignedParameters::read(key_exchange, &[7; RANDOM], &body[..end]);
                assert_eq!(cut, None, "{key_exchange:?} {end}");
            }
        }
    }

    #[test]
    fn a_curve_without_a_name_is_not_understood() {
        assert_eq!(SignedParameters::read(KeyExchange::Ecdhe, &[7; RANDOM], &[1, 0, 23, 1, 4, 4, 1, 0, 0]), None);
    }
}
