//! What may a certificate be used for? Its extensions about that, which webpki reads in part only.

use x509_parser::asn1_rs::{FromDer, Oid, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{BasicConstraints, KeyUsage};
use x509_parser::x509::X509Version;

/// What a certificate says that it and its key are for. What cannot be read allows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Whether it is of a version that has extensions to say so.
    pub is_version_3: bool,
    /// Whether it may issue others, by its basic constraints.
    pub is_ca: bool,
    /// How many intermediates may follow, if it says so.
    pub path_length: Option<usize>,
    pub key_usage: Option<KeyUsage>,
    /// By its extended key usage.
    pub is_for_servers: bool,
    /// By Netscape's certificate type, which old authorities still write.
    pub is_netscape_server: bool,
    /// The first of these extensions that cannot be read.
    pub unreadable: Option<&'static str>,
}

impl Usage {
    pub(super) fn of(parsed: &X509Certificate<'_>) -> Self {
        let mut usage = Self {
            is_version_3: parsed.version() == X509Version::V3,
            is_ca: false,
            path_length: None,
            key_usage: None,
            is_for_servers: true,
            is_netscape_server: true,
            unreadable: None,
        };
        for extension in parsed.extensions() {
            if usage.read(&extension.oid, extension.value).is_none() {
                let known = NAMES.iter().find(|(oid, _)| *oid == extension.oid);
                usage.unreadable = usage.unreadable.or(known.map(|(_, name)| *name));
            }
        }
        usage
    }

    /// Takes note of an extension; `None` if it cannot be read.
    fn read(&mut self, oid: &Oid<'_>, value: &[u8]) -> Option<()> {
        if *oid == BASIC_CONSTRAINTS {
            let found = whole(BasicConstraints::from_der(value))?;
            self.is_ca = found.ca;
            self.path_length = found.path_len_constraint.and_then(|length| usize::try_from(length).ok());
        } else if *oid == KEY_USAGE {
            self.key_usage = Some(whole(KeyUsage::from_der(value))?);
        } else if *oid == EXTENDED_KEY_USAGE {
            self.is_for_servers = false;
            self.is_for_servers = whole(Vec::<Oid<'_>>::from_der(value))?.contains(&SERVER_AUTHENTICATION);
        } else if *oid == NETSCAPE_CERTIFICATE_TYPE {
            // Named bits as those of a key usage, of which these two are SSL client and SSL server.
            self.is_netscape_server = whole(KeyUsage::from_der(value))?.flags & 0b10 != 0;
        }
        Some(())
    }

    /// Whether the key may do what TLS does with one: whatever the key exchange, one of these (RFC 5246, section 7.4.2).
    pub(crate) fn is_key_for_tls(&self) -> bool {
        let is_for_tls =
            |usage: KeyUsage| usage.digital_signature() || usage.key_encipherment() || usage.key_agreement();
        self.key_usage.is_none_or(is_for_tls)
    }

    /// Whether the key may sign certificates.
    pub(crate) fn is_key_for_certificates(&self) -> bool {
        self.key_usage.is_none_or(|usage| usage.key_cert_sign())
    }
}

/// What was read, if nothing is left.
fn whole<T, E>(read: Result<(&[u8], T), E>) -> Option<T> {
    read.ok().filter(|(rest, _)| rest.is_empty()).map(|(_, value)| value)
}

/// id-kp-serverAuth.
const SERVER_AUTHENTICATION: Oid<'_> = oid!(1.3.6.1.5.5.7.3.1);

const BASIC_CONSTRAINTS: Oid<'_> = oid!(2.5.29.19);
const KEY_USAGE: Oid<'_> = oid!(2.5.29.15);
const EXTENDED_KEY_USAGE: Oid<'_> = oid!(2.5.29.37);
const NETSCAPE_CERTIFICATE_TYPE: Oid<'_> = oid!(2.16.840.1.113730.1.1);

/// What a message calls them.
const NAMES: &[(Oid<'_>, &str)] = &[
    (BASIC_CONSTRAINTS, "basic constraints"),
    (KEY_USAGE, "key usage"),
    (EXTENDED_KEY_USAGE, "extended key usage"),
    (NETSCAPE_CERTIFICATE_TYPE, "Netscape certificate type"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Certificate;
    use crate::x509::chain::tests::Template;
    use rcgen::{CustomExtension, KeyPair};

    /// With an extension of these bytes.
    fn usage(oid: &[u64], value: &[u8]) -> Usage {
        let mut params = Template::default().params();
        params.custom_extensions = vec![CustomExtension::from_oid_content(oid, value.to_vec())];
        Certificate::from_der(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der()).unwrap().usage
    }

    #[test]
    fn nothing_is_forbidden_where_nothing_is_said() {
        let usage = usage(&[1, 2, 3, 4], b"junk");
        assert!(usage.is_version_3 && usage.is_for_servers && usage.is_netscape_server && !usage.is_ca);
        assert!(usage.is_key_for_tls() && usage.is_key_for_certificates() && usage.unreadable.is_none());
    }

    #[test]
    fn a_netscape_certificate_type_is_heeded() {
        let oid = [2, 16, 840, 1, 113_730, 1, 1];
        for (bits, is_server) in [(0x80, false), (0x40, true), (0xc0, true), (0x20, false)] {
            assert_eq!(usage(&oid, &[3, 2, 5, bits]).is_netscape_server, is_server, "{bits:x}");
        }
    }

    #[test]
    fn an_extension_that_cannot_be_read_is_named() {
        for (oid, name) in [
            (&[2, 5, 29, 15][..], "key usage"),
            (&[2, 5, 29, 37], "extended key usage"),
            (&[2, 16, 840, 1, 113_730, 1, 1], "Netscape certificate type"),
        ] {
            for value in [&[4, 1, 0][..], &[], &[5, 0], &[3, 2, 5, 0x40, 0]] {
                assert_eq!(usage(oid, value).unreadable, Some(name), "{value:02x?}");
            }
        }
        assert!(!usage(&[2, 5, 29, 37], &[4, 1, 0]).is_for_servers);
    }

    #[test]
    fn a_key_is_for_tls_and_for_certificates_if_its_usage_says_so() {
        for (unused, bits, is_for_tls, is_for_certificates) in [
            (7, 0x80, true, false),
            (6, 0x40, false, false),
            (5, 0x20, true, false),
            (5, 0xa0, true, false),
            (3, 0x08, true, false),
            (2, 0x04, false, true),
            (2, 0x84, true, true),
        ] {
            let usage = usage(&[2, 5, 29, 15], &[3, 2, unused, bits]);
            let said = (usage.is_key_for_tls(), usage.is_key_for_certificates());
            assert_eq!(said, (is_for_tls, is_for_certificates), "{bits:#x}");
        }
    }
}
