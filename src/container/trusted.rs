//! What does OpenSSL's trusted format say about a certificate? Its settings stand behind it: what it is trusted for, and what not.
//!
//! Red Hat's `ca-bundle.trust.crt` has authorities in it that nobody is to trust any more, marked so.

use x509_parser::asn1_rs::{Oid, Tag, oid};

use super::ber::{Element, Malformed};

/// The certificate at the beginning of `der`, and whether it is trusted to issue others for servers.
pub(super) fn split(der: &[u8]) -> (&[u8], bool) {
    let certificate = Element::first(der).map_or(der, |certificate| certificate.whole);
    let settings = &der[certificate.len()..];
    (certificate, settings.is_empty() || is_for_servers(settings).unwrap_or(false))
}

/// As OpenSSL decides it: whatever is rejected is, and where something is trusted nothing else is.
fn is_for_servers(settings: &[u8]) -> Result<bool, Malformed> {
    let mut settings = Element::first(settings)?.sequence()?;
    let trusted = settings.field_if(|element| element.is(Tag::Sequence))?;
    let rejected = settings.field_if(|element| element.is_context(0))?;
    let has_servers = |purposes: Element<'_>| {
        let mut found = false;
        for purpose in purposes.elements() {
            found |= [SERVER_AUTHENTICATION, ANY_PURPOSE].contains(&purpose?.oid()?);
        }
        Ok(found)
    };
    Ok(!rejected.map_or(Ok(false), has_servers)? && trusted.map_or(Ok(true), has_servers)?)
}

const SERVER_AUTHENTICATION: Oid<'_> = oid!(1.3.6.1.5.5.7.3.1);
const ANY_PURPOSE: Oid<'_> = oid!(2.5.29.37.0);

#[cfg(test)]
mod tests {
    use super::*;

    const SERVERS: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    const CLIENTS: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
    const ANY: &[u8] = &[6, 4, 0x55, 0x1d, 0x25, 0];

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        [&[tag, u8::try_from(contents.len()).unwrap()], contents.as_slice()].concat()
    }

    #[test]
    fn servers_are_trusted_unless_rejected_or_left_out() {
        let certificate = [0x30, 1, 9];
        let is_trusted = |settings: &[u8]| {
            let der = [&certificate, settings].concat();
            let (found, is_for_servers) = split(&der);
            assert_eq!(found, certificate);
            is_for_servers
        };
        for settings in [
            vec![],
            element(0x30, &[]),
            element(0x30, &[&element(0x30, &[SERVERS])]),
            element(0x30, &[&element(0x30, &[CLIENTS, ANY])]),
            element(0x30, &[&element(0xa0, &[CLIENTS]), &[0x0c, 1, b'x']]),
        ] {
            assert!(is_trusted(&settings), "{settings:02x?}");
        }
        for settings in [
            element(0x30, &[&element(0x30, &[CLIENTS])]),
            element(0x30, &[&element(0x30, &[SERVERS]), &element(0xa0, &[SERVERS])]),
            element(0x30, &[&element(0xa0, &[CLIENTS, ANY])]),
            vec![0x30],
        ] {
            assert!(!is_trusted(&settings), "{settings:02x?}");
        }
    }
}
