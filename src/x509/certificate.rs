//! What does one certificate say? The facts that are judged, taken out of its DER once.

use std::fmt;
use std::net::IpAddr;

use data_encoding::HEXUPPER_PERMISSIVE;
use ring::digest;
use time::OffsetDateTime;
use x509_parser::asn1_rs::{FromDer, Oid, oid};
use x509_parser::certificate::{Validity, X509Certificate, X509CertificateParser};
use x509_parser::extensions::{GeneralName, SubjectAlternativeName};
use x509_parser::nom::Parser;

use super::algorithm::{Key, Signature};
use super::distinguished_name::{distinguished_name, is_same_name, text};
use super::parts::Parts;
use super::usage::Usage;
use crate::report::excerpt;

/// The facts of one certificate. All text is the certificate's own: hostile, bounded by its DER, cleaned by the renderers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it.
    pub der: Vec<u8>,
    /// The most specific common name of the subject.
    pub common_name: Option<String>,
    /// The DNS names among the subject alternative names.
    pub dns_names: Vec<String>,
    /// The addresses among the subject alternative names.
    pub addresses: Vec<IpAddr>,
    /// Whether there are subject alternative names of other kinds: e-mail, URI, directory.
    pub has_other_names: bool,
    /// The first second of its validity, in Unix time.
    pub not_before: i64,
    /// The last second of its validity, in Unix time.
    pub not_after: i64,
    /// Its public key.
    pub key: Key,
    /// The algorithm that it is signed with.
    pub signature: Signature,
    pub(crate) usage: Usage,
    issuer_der: Vec<u8>,
    subject_der: Vec<u8>,
}

/// Why there are no facts. The bytes are withheld: they may come from a file that the caller may not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No X.509 certificate, or none that RFC 5280 allows.
    #[error("not an X.509 certificate in DER")]
    NotACertificate,
    /// A validity that is none, such as one from 30 February on.
    #[error("an X.509 certificate with a date that does not exist")]
    NoSuchDate,
    /// Something follows the certificate.
    #[error("an X.509 certificate and {0} bytes more: expected nothing behind it")]
    Trailing(usize),
    /// More than anybody needs.
    #[error("{0} bytes long: expected an X.509 certificate of at most {MAX_LENGTH}")]
    TooLong(usize),
}

impl CertificateError {
    /// What is wrong with `der`, which the parser refuses without saying why.
    fn of_unparsed(der: &[u8]) -> Self {
        let has_dates = |parts: Parts<'_>| Validity::from_der(parts.validity).is_ok();
        if Parts::of_der(der).is_none_or(has_dates) { Self::NotACertificate } else { Self::NoSuchDate }
    }
}

impl Certificate {
    /// Takes the facts out of a DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_LENGTH {
            return Err(CertificateError::TooLong(der.len()));
        }
        // The extensions that nobody asks about are skipped: among 10,000 certificate policies nothing is to be learnt.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, parsed) = parser.parse(der).map_err(|_| CertificateError::of_unparsed(der))?;
        if !rest.is_empty() {
            return Err(CertificateError::Trailing(rest.len()));
        }
        let AlternativeNames { dns_names, addresses, has_other_names } = alternative_names(&parsed);
        Ok(Self {
            der: der.to_owned(),
            common_name: parsed
                .subject()
                .iter_common_name()
                .last()
                .map(|attribute| text(attribute.attr_value()).into_owned()),
            dns_names,
            addresses,
            has_other_names,
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            key: Key::from_info(parsed.public_key()),
            signature: Signature::from_identifier(&parsed.signature_algorithm),
            usage: Usage::of(&parsed),
            issuer_der: parsed.issuer().as_raw().to_owned(),
            subject_der: parsed.subject().as_raw().to_owned(),
        })
    }

    /// The subject, the most specific part first, as Windows prints it: `CN=cas1.example.com, O=Example`.
    pub(crate) fn subject(&self) -> String {
        distinguished_name(&self.subject_der)
    }

    /// The issuer, likewise.
    pub(crate) fn issuer(&self) -> String {
        distinguished_name(&self.issuer_der)
    }

    /// What people call it: its common name, else its first alternative name, else its subject; at most 64 characters.
    pub(crate) fn name(&self) -> String {
        let name = self.common_name.as_ref().or(self.dns_names.first());
        let name = name.map_or_else(|| excerpt(&self.subject(), 64), |name| excerpt(name, 64));
        if name.is_empty() { "(no name)".to_owned() } else { name }
    }

    /// SHA-256 of the DER.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_der(&self.der)
    }

    /// Whether one of `pins` is its fingerprint.
    pub(crate) fn is_pinned(&self, pins: &[Fingerprint]) -> bool {
        // To hash a certificate costs more than to read it, and hardly anybody pins one.
        !pins.is_empty() && pins.contains(&self.fingerprint())
    }

    /// Whether subject and issuer are the same name, as in a trust anchor or a self-signed certificate.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }

    /// Whether `issuer` is, by name, the one that issued this certificate.
    pub(crate) fn names_as_issuer(&self, issuer: &Self) -> bool {
        is_same_name(&self.issuer_der, &issuer.subject_der)
    }

    /// Where its signature and its key are.
    pub(crate) fn parts(&self) -> Option<Parts<'_>> {
        Parts::of_der(&self.der)
    }

    /// The DER of the subject's name.
    pub(crate) fn subject_der(&self) -> &[u8] {
        &self.subject_der
    }

    /// The DER of the issuer's name, for finding its certificate.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.issuer_der
    }

    /// Whether `now` (Unix time) lies within the validity, its two ends included.
    pub(crate) const fn is_valid_at(&self, now: i64) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

impl fmt::Display for Certificate {
    /// The facts on several lines, as in a full trace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "subject: {}", excerpt(&self.subject(), 512))?;
        writeln!(f, "issuer: {}", excerpt(&self.issuer(), 512))?;
        let addresses = self.addresses.iter().map(ToString::to_string);
        let names: Vec<_> = self.dns_names.iter().map(|name| excerpt(name, 256)).chain(addresses).take(50).collect();
        writeln!(f, "alternative names: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })?;
        writeln!(f, "validity: {} to {}", moment(self.not_before), moment(self.not_after))?;
        writeln!(f, "key: {}, signed with {}", self.key, self.signature)?;
        writeln!(f, "may issue certificates: {}", if self.usage.is_ca { "yes" } else { "no" })?;
        write!(f, "SHA-256 fingerprint: {}", self.fingerprint())
    }
}

/// The SHA-256 of a certificate's DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of_der(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    /// Upper-case hexadecimal with colons, as OpenSSL prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map(|byte| format!("{byte:02X}")).join(":"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a SHA-256 fingerprint: expected 64 hexadecimal digits, with or without colons")]
pub(crate) struct NotAFingerprint(String);

impl std::str::FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        // Copied out of a Windows dialogue, a fingerprint has blanks between its bytes.
        let digits = text.replace([':', ' '], "");
        let bytes = HEXUPPER_PERMISSIVE.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| NotAFingerprint(excerpt(text, 120)))
    }
}

/// A moment in Unix time as `2026-11-23 17:00 UTC`; beyond the calendar, as the number itself.
pub(crate) fn moment(seconds: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(time) => {
            let (date, hour, minute) = (time.date(), time.hour(), time.minute());
            format!("{}-{:02}-{:02} {hour:02}:{minute:02} UTC", date.year(), u8::from(date.month()), date.day())
        }
        Err(_) => format!("{seconds} s in Unix time"),
    }
}

struct AlternativeNames {
    dns_names: Vec<String>,
    addresses: Vec<IpAddr>,
    has_other_names: bool,
}

fn alternative_names(parsed: &X509Certificate<'_>) -> AlternativeNames {
    let extension = parsed.extensions().iter().find(|extension| extension.oid == SUBJECT_ALTERNATIVE_NAME);
    let names = extension.and_then(|extension| SubjectAlternativeName::from_der(extension.value).ok());
    let names = names.map(|(_, names)| names.general_names).unwrap_or_default();
    let mut found = AlternativeNames { dns_names: Vec::new(), addresses: Vec::new(), has_other_names: false };
    for name in &names {
        match name {
            GeneralName::DNSName(dns) => found.dns_names.push((*dns).to_owned()),
            GeneralName::IPAddress(ip) => found.addresses.extend(address(ip)),
            _ => found.has_other_names = true,
        }
    }
    found
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// The longest certificate, in bytes: thousands of names, and what they take while they are read.
const MAX_LENGTH: usize = 256 * 1024;

const SUBJECT_ALTERNATIVE_NAME: Oid<'_> = oid!(2.5.29.17);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::leaf_to_root;

    #[test]
    fn the_longest_certificate_is_looked_at_and_a_longer_one_is_not() {
        let refused = |length: usize| Certificate::from_der(&vec![0; length]).unwrap_err();
        assert_eq!(refused(MAX_LENGTH), CertificateError::NotACertificate);
        assert_eq!(refused(MAX_LENGTH + 1), CertificateError::TooLong(MAX_LENGTH + 1));
    }

    #[test]
    fn who_issued_a_certificate_is_said_in_words() {
        let [leaf, issuing, root] = leaf_to_root();
        let said = [&leaf, &issuing, &root].map(|certificate| (certificate.subject(), certificate.issuer()));
        let names = ["CN=cas1.example.com", "CN=Issuing", "CN=Root", "CN=Root"];
        assert_eq!(said, [0, 1, 2].map(|place| (names[place].to_owned(), names[place + 1].to_owned())));
    }
}
