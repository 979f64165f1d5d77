//! How does CryptoAPI take an RSA key? As a PRIVATEKEYBLOB: the numbers of PKCS#1 (RFC 8017, appendix A.1.2), the lowest
//! byte of each in front.

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode;
use pkcs8::der::asn1::UintRef;
use rustls::pki_types::PrivateKeyDer;

/// The key as a PRIVATEKEYBLOB for key exchange; `None` unless it is an RSA key with two primes, and a public exponent of
/// 32 bits at most.
pub(super) fn private_key_blob(key: &PrivateKeyDer<'_>) -> Option<Vec<u8>> {
    let pkcs1 = match key {
        PrivateKeyDer::Pkcs1(key) => key.secret_pkcs1_der(),
        PrivateKeyDer::Pkcs8(key) => PrivateKeyInfoRef::try_from(key.secret_pkcs8_der()).ok()?.private_key.as_bytes(),
        _ => return None,
    };
    // Keys of other kinds are no mere sequences of numbers.
    let numbers = Vec::<UintRef<'_>>::from_der(pkcs1).ok()?;
    let [_version, modulus, public, private, prime_1, prime_2, exponent_1, exponent_2, coefficient] =
        numbers[..].try_into().ok()?;
    let width = modulus.as_bytes().len();
    let half = width.div_ceil(2);
    let halves = [prime_1, prime_2, exponent_1, exponent_2, coefficient].map(|number| (number, half));

    let mut blob = HEADER.to_vec();
    blob.extend(u32::try_from(width * 8).ok()?.to_le_bytes());
    for (number, width) in [(public, 4), (modulus, width)].into_iter().chain(halves).chain([(private, width)]) {
        let number = number.as_bytes();
        let zeros = width.checked_sub(number.len())?;
        blob.extend(number.iter().rev());
        blob.resize(blob.len() + zeros, 0);
    }
    Some(blob)
}

/// PUBLICKEYSTRUC with PRIVATEKEYBLOB, CUR_BLOB_VERSION and CALG_RSA_KEYX, then the magic number of RSAPUBKEY.
const HEADER: &[u8] = b"\x07\x02\0\0\0\xa4\0\0RSA2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::identity::private_key;

    const RSA: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-rsa-key.pem");
    const RSA_BLOB: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-rsa-key.blob");
    const EC: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-key.pem");

    fn key(pem: &[u8]) -> PrivateKeyDer<'static> {
        private_key(pem, None).unwrap().0
    }

    #[test]
    fn an_rsa_key_as_openssl_writes_it_too() {
        let pkcs8 = key(RSA);
        assert_eq!(private_key_blob(&pkcs8).unwrap(), RSA_BLOB);
        let pkcs1 = PrivateKeyInfoRef::try_from(pkcs8.secret_der()).unwrap().private_key.as_bytes();
        assert_eq!(private_key_blob(&PrivateKeyDer::Pkcs1(pkcs1.into())).unwrap(), RSA_BLOB);
    }

    #[test]
    fn other_keys_have_no_blob() {
        assert_eq!(private_key_blob(&key(EC)), None);
        assert_eq!(private_key_blob(&PrivateKeyDer::Sec1(key(EC).secret_der().into())), None);
    }

    #[test]
    fn numbers_that_do_not_fit_have_no_blob() {
        let key = |numbers: [&[u8]; 9]| {
            let numbers = numbers.map(|number| [&[2, number.len() as u8], number].concat()).concat();
            let der = [&[0x30, numbers.len() as u8], &numbers[..]].concat();
            private_key_blob(&PrivateKeyDer::Pkcs1(der.into()))
        };
        let fits: [&[u8]; 9] = [&[0], &[1, 2], &[3], &[4], &[5], &[6], &[7], &[8], &[9]];
        assert_eq!(key(fits).unwrap()[12..], [16, 0, 0, 0, 3, 0, 0, 0, 2, 1, 5, 6, 7, 8, 9, 4, 0]);
        let long_exponent = [&[0], &[1, 2][..], &[1, 2, 3, 4, 5], &[4], &[5], &[6], &[7], &[8], &[9]];
        assert_eq!(key(long_exponent), None);
        let unequal_primes = [&[0], &[1, 2][..], &[3], &[4], &[5, 5], &[6], &[7], &[8], &[9]];
        assert_eq!(key(unequal_primes), None);
    }
}
