//! What is a server of TLS 1.0 to 1.2 asked, so that it shows its certificate whatever it has left to offer?

use super::flight::HANDSHAKE;
use crate::tls::settings::{Keys, Offer};
use crate::tls::version::{SUITES, Version};

/// A ClientHello record that offers TLS 1.2 with every suite up to it that a server may still choose to show what the `offer`
/// is for.
///
/// The suite alone says whose certificate is shown. The signature algorithms do not: they bind those of the whole chain
/// (RFC 5246, section 7.4.2), whose issuers may have keys of another kind. So all are offered, those of the wanted in front.
///
/// `server_name` is sent as SNI. RFC 5246 appendix E: the record says TLS 1.0, so that older servers read on.
pub(crate) fn client_hello(random: &[u8; 32], server_name: Option<&str>, offer: Offer) -> Vec<u8> {
    let suites = SUITES.iter().filter(|(number, _)| *number >> 8 != TLS_1_3_SUITES);
    let suites = offer.of(suites, |(_, name)| shown_by(name)).into_iter();
    let suites = suites.map(|(number, _)| *number).chain([RENEGOTIATION_INFO_SCSV]);
    let suites: Vec<u8> = suites.flat_map(u16::to_be_bytes).collect();

    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        let entry = [vec![0], vector::<2>(name.as_bytes())].concat();
        extensions.extend(extension(0, &vector::<2>(&entry)));
    }
    extensions.extend(extension(10, &vector::<2>(GROUPS)));
    extensions.extend(extension(11, &vector::<1>(&[0])));
    let algorithms = Offer { takes_others: true, ..offer }.of(SIGNATURE_ALGORITHMS.iter().copied(), Keys::that_sign);
    let algorithms: Vec<u8> = algorithms.into_iter().flat_map(u16::to_be_bytes).collect();
    extensions.extend(extension(13, &vector::<2>(&algorithms)));

    let body = |extensions: &[u8]| {
        let parts = [
            Version::TLS_1_2.0.to_be_bytes().to_vec(),
            random.to_vec(),
            vector::<1>(&[]),
            vector::<2>(&suites),
            vector::<1>(&[0]),
            vector::<2>(extensions),
        ];
        parts.concat()
    };
    // RFC 7685: there are servers that hang at a hello of 256 to 511 bytes.
    let length = 4 + body(&extensions).len();
    if (256..512).contains(&length) {
        extensions.extend(extension(PADDING, &vec![0; 512_usize.saturating_sub(length + 4)]));
    }
    let message = [vec![CLIENT_HELLO], vector::<3>(&body(&extensions))].concat();
    [vec![HANDSHAKE, 3, 1], vector::<2>(&message)].concat()
}

/// The keys whose certificate a server shows that chooses the suite of this name: with ECDH, an EC key whoever has signed it.
fn shown_by(suite: &str) -> Keys {
    match suite {
        suite if suite.contains("_ECDSA_") || suite.contains("_ECDH_") => Keys::Ecdsa,
        suite if suite.contains("_RSA_") => Keys::Rsa,
        _ => Keys::Any,
    }
}

/// `content` behind its length of `N` bytes; it is known to be short enough.
pub(super) fn vector<const N: usize>(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - N..], content].concat()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [number.to_be_bytes().to_vec(), vector::<2>(content)].concat()
}

const CLIENT_HELLO: u8 = 1;
const PADDING: u16 = 21;
const TLS_1_3_SUITES: u16 = 0x13;
const RENEGOTIATION_INFO_SCSV: u16 = 0x00ff;

/// P-256, P-384, P-521, X25519, X448, brainpool, secp256k1, P-224; P-256 first, the only one that Windows Server 2008 R2 is
/// sure to have.
const GROUPS: &[u8] = &[0, 23, 0, 24, 0, 25, 0, 29, 0, 30, 0, 26, 0, 27, 0, 28, 0, 22, 0, 21];

/// RSA PKCS#1, ECDSA, RSA-PSS, Ed25519, Ed448, DSA; with SHA-1 and even MD5, because the server may have nothing else.
const SIGNATURE_ALGORITHMS: &[u16] = &[
    0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b,
    0x0301, 0x0303, 0x0201, 0x0203, 0x0402, 0x0302, 0x0202, 0x0101,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hello_says_whom_it_wants_and_no_version_above_1_2() {
        let hello = client_hello(&[7; 32], Some("cas1.example.com"), Offer::default());
        assert_eq!(hello[..3], [HANDSHAKE, 3, 1]);
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
        assert!(hello.windows(16).any(|window| window == b"cas1.example.com"));
        assert_eq!(hello[9..11], [3, 3]);
        assert!(!hello.windows(2).any(|window| window == [0x13, 0x01]));
    }

    #[test]
    fn no_hello_has_a_length_at_which_old_load_balancers_hang() {
        for keys in [Keys::Any, Keys::Rsa, Keys::Ecdsa] {
            for name in [None, Some("cas1.example.com"), Some(&*"a".repeat(250))] {
                let length = client_hello(&[7; 32], name, Offer { keys, ..Offer::default() }).len() - 5;
                assert!(!(256..512).contains(&length), "{keys:?} {name:?}: {length}");
            }
        }
    }

    /// The suites of a hello without a name.
    fn suites(offer: Offer) -> Vec<u16> {
        let hello = client_hello(&[7; 32], None, offer);
        let length = usize::from(u16::from_be_bytes([hello[44], hello[45]]));
        hello[46..46 + length].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn each_kind_of_keys_has_its_suites() {
        for (keys, own, foreign) in [(Keys::Rsa, 0x002f, 0xc02b), (Keys::Ecdsa, 0xc02b, 0x002f)] {
            let only = suites(Offer { keys, ..Offer::default() });
            assert!(only.contains(&own) && !only.contains(&foreign), "{keys:?}");
            let both = suites(Offer { keys, takes_others: true, ..Offer::default() });
            let place = |wanted| both.iter().position(|suite| *suite == wanted).unwrap();
            assert!(place(own) < place(foreign), "{keys:?}");
            assert_eq!(both.len(), suites(Offer::default()).len(), "{keys:?}");
        }
    }

    #[test]
    fn no_kind_of_keys_takes_algorithms_from_the_issuers() {
        for (keys, first) in [(Keys::Rsa, 0x0401), (Keys::Ecdsa, 0x0403_u16)] {
            let hello = client_hello(&[7; 32], None, Offer { keys, ..Offer::default() });
            let length = u16::try_from(2 * SIGNATURE_ALGORITHMS.len()).unwrap();
            let begin = [[0, 13], (length + 2).to_be_bytes(), length.to_be_bytes(), first.to_be_bytes()].concat();
            assert!(hello.windows(begin.len()).any(|window| window == begin), "{keys:?}");
        }
    }

    #[test]
    fn a_suite_for_keys_of_dsa_is_offered_to_whoever_may_show_any() {
        let dsa = 0x0032;
        assert!(suites(Offer::default()).contains(&dsa));
        for keys in [Keys::Rsa, Keys::Ecdsa] {
            assert!(!suites(Offer { keys, ..Offer::default() }).contains(&dsa), "{keys:?}");
        }
    }
}
