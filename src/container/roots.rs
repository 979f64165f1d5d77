//! Whose are the certificates of a PEM text? All of a system's roots, of which nearly none is asked for more than that.

use super::bundle::{BundleError, CERTIFICATES, TRUSTED};
use super::pem::{self, Text};
use super::trusted;
use crate::x509::certificate::CertificateError;
use crate::x509::parts;

/// A certificate of which no more is decoded than it takes to know whose it is.
#[derive(Debug)]
pub(crate) struct Root {
    /// The subject's name in DER.
    pub subject: Vec<u8>,
    /// Whether the file trusts it for servers, which only OpenSSL's trusted format may deny.
    pub is_for_servers: bool,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Base64(Vec<u8>),
    Der(Vec<u8>),
}

/// The certificates of a PEM text, and what of it is to be one and cannot be read.
pub(crate) fn roots(content: &[u8]) -> impl Iterator<Item = Result<Root, BundleError>> {
    let is_meant = |text: &Result<Text<'_>, _>| text.as_ref().map_or(true, |text| CERTIFICATES.contains(&text.label));
    pem::texts(content).filter(is_meant).map(|text| {
        let text = text?;
        let (line, source) = (text.line, CertificateError::NotACertificate);
        Root::of_text(text).ok_or(BundleError::BadBlock { line, source })
    })
}

impl Root {
    fn of_text(text: Text<'_>) -> Option<Self> {
        let subject = |der: &[u8]| parts::subject(der).map(ToOwned::to_owned);
        if text.label == TRUSTED {
            let der = text.der()?;
            let (der, is_for_servers) = trusted::split(&der);
            return Some(Self { subject: subject(der)?, is_for_servers, held: Held::Der(der.to_owned()) });
        }
        let of_beginning = text.beginning().and_then(|beginning| subject(&beginning));
        let subject = of_beginning.or_else(|| subject(&text.der()?))?;
        Some(Self { subject, is_for_servers: true, held: Held::Base64(text.base64) })
    }

    /// All of it; `None` where it is no base64 further on.
    pub(crate) fn der(&self) -> Option<Vec<u8>> {
        match &self.held {
            Held::Base64(text) => pem::certificate(text),
            Held::Der(der) => Some(der.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Certificate;

    #[test]
    fn each_certificate_has_its_bearer_and_all_of_it() {
        let chain = include_str!("../../tests/fixtures/x509/bundle.pem");
        let long = include_bytes!("../../tests/fixtures/x509/leaf-rsa-2048.der");
        // With a blank in its lines, and shorter than what is decoded first.
        let spaced = chain.replace('\n', " \n ");
        for text in [chain, &spaced] {
            let roots: Vec<_> = roots(text.as_bytes()).map(Result::unwrap).collect();
            assert_eq!(roots.len(), 3);
            for root in &roots {
                let certificate = Certificate::from_der(&root.der().unwrap()).unwrap();
                assert_eq!((root.subject.as_slice(), root.is_for_servers), (certificate.subject_der(), true));
            }
        }
        assert!(parts::subject(&long[..432]).is_some());
    }

    #[test]
    fn what_is_no_certificate_is_named_by_its_line() {
        let text = "-----BEGIN X-----\n-----END X-----\n-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n\
                    -----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE----- \n-----BEGIN CERTIFICATE-----\n";
        let said: Vec<_> = roots(text.as_bytes()).map(|root| root.unwrap_err().to_string()).collect();
        let places: Vec<_> = said.iter().map(|text| text.split(':').next().unwrap()).collect();
        assert_eq!(places, ["line 3", "line 6", "line 9"]);
    }
}
