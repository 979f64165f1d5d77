//! What may be said about TLS on the command line? Whom to trust, which name to expect, which certificate to show.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::secret::SecretSource;
use super::{Need, Secrets, When};
use crate::container::MAX_FILE;
use crate::container::bundle::{self, BundledCertificate};
use crate::input::file;
use crate::net::host;
use crate::report::{Class, Failure};
use crate::time::stage;
use crate::tls::identity::{self, ClientIdentity, IdentityError};
use crate::tls::settings::{Offer, TlsSettings, Trust};
use crate::trust::anchors::{Anchors, Unread};
use crate::x509::certificate::Fingerprint;

/// `--tls-name`, `--ca-file`, `--no-verify`, `--fingerprint`, `--client-certificate` and its key.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsOptions {
    /// Name to send and to expect in the certificate [default: the host]
    #[arg(long, value_name = "NAME", value_parser = host::parse)]
    pub tls_name: Option<String>,

    /// File with the certificates to trust, instead of the system's: PEM, DER, PKCS#7, PKCS#12 or JKS
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Judge neither trust nor that the certificate is for the host; a name that --tls-name gives and the expiry are judged all
    /// the same
    #[arg(long, conflicts_with_all = ["ca_file", "fingerprint"])]
    pub no_verify: bool,

    /// SHA-256 of a certificate to trust by itself, 64 hexadecimal digits with or without colons; repeatable; with --ca-file
    /// either of the two is enough
    #[arg(long, value_name = "SHA256")]
    pub fingerprint: Vec<Fingerprint>,

    /// File with the certificate to show to a server that demands one, and its intermediates: PEM, DER, PKCS#7, PKCS#12 or JKS
    #[arg(long, value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,

    /// PEM file with its private key, encrypted or not [default: the certificate's file, if that is PEM]
    #[arg(long, value_name = "FILE")]
    pub client_key: Option<PathBuf>,

    /// File whose first line is the passphrase of an encrypted key or file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Environment variable that holds the passphrase of an encrypted key or file
    #[arg(long, value_name = "NAME", conflicts_with = "passphrase_file")]
    pub passphrase_env: Option<String>,
}

impl TlsOptions {
    /// All of them, the expected name first, for a check whose connection is not always one over TLS.
    pub(crate) const NAMES: &'static [&'static str] = &[
        "--tls-name",
        "--ca-file",
        "--no-verify",
        "--fingerprint",
        "--client-certificate",
        "--client-key",
        "--passphrase-file",
        "--passphrase-env",
    ];

    /// What some of them need of others, where nothing but a connection has a key.
    pub(crate) const NEEDS: &'static [Need] = &[
        Need { options: &["--client-key"], when: When::Given("--client-certificate") },
        // A container of anchors may have one, too.
        Need {
            options: &["--passphrase-file", "--passphrase-env"],
            when: When::Any(&[When::Given("--client-certificate"), When::Given("--ca-file")]),
        },
    ];

    /// Which of [`Self::NAMES`] were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        let is_given = [
            self.tls_name.is_some(),
            self.ca_file.is_some(),
            self.no_verify,
            !self.fingerprint.is_empty(),
            self.client_certificate.is_some(),
            self.client_key.is_some(),
            self.passphrase_file.is_some(),
            self.passphrase_env.is_some(),
        ];
        Self::NAMES.iter().zip(is_given).filter_map(|(name, is_given)| is_given.then_some(*name))
    }

    /// Reads the files and secrets for a connection to `host`.
    pub(crate) fn settings(&self, host: &str, secrets: &Secrets) -> Result<TlsSettings, Failure> {
        let trust = match &self.ca_file {
            _ if self.no_verify => Trust::NotJudged,
            Some(path) => Trust::Anchors(anchors(path, self.passphrase(secrets).read()?.as_deref())?),
            None => Trust::System,
        };
        Ok(TlsSettings {
            name: self.tls_name.clone().unwrap_or_else(|| host.to_owned()),
            name_is_explicit: self.tls_name.is_some(),
            trust,
            pins: self.fingerprint.clone(),
            identity: self.identity(secrets)?,
            expected_anchors: Vec::new(),
            is_shortest_path: false,
            proved_leaf: None,
            offer: Offer::default(),
        })
    }

    /// Where the passphrase comes from.
    pub(crate) fn passphrase<'a>(&'a self, secrets: &'a Secrets) -> SecretSource<'a> {
        SecretSource {
            what: "passphrase",
            file: self.passphrase_file.as_ref(),
            env: self.passphrase_env.as_ref(),
            ini: secrets.passphrase.as_ref(),
            may_be_empty: true,
        }
    }

    fn identity(&self, secrets: &Secrets) -> Result<Option<ClientIdentity>, Failure> {
        let Some(certificate_path) = &self.client_certificate else {
            return Ok(None);
        };
        let key_path = self.client_key.as_ref().unwrap_or(certificate_path);
        let passphrase = self.passphrase(secrets).read()?;
        let chain = identity::certificates(&read(certificate_path)?, passphrase.as_deref());
        let chain = chain.map_err(|error| bad(certificate_path, error))?;
        let key =
            identity::private_key(&read(key_path)?, passphrase.as_deref()).map_err(|error| bad(key_path, error))?;
        ClientIdentity::new(chain, key).map(Some).map_err(|error| {
            let is_about_certificate = matches!(error, IdentityError::Certificate(_));
            bad(if is_about_certificate { certificate_path } else { key_path }, error)
        })
    }
}

/// The certificates of a file as trust anchors; those that its own settings do not trust for servers are rejected.
pub(crate) fn anchors(path: &Path, passphrase: Option<&str>) -> Result<Arc<Anchors>, Failure> {
    let content = read(path)?;
    let bundle = bundle::read(&content, passphrase).map_err(|error| bad(path, error))?;
    let unread = bundle.unread().map(|errors| Unread {
        place: format!("{}: {errors}", path.display()),
        may_reject: bundle::may_reject(&content),
    });
    let (trusted, rejected): (Vec<_>, Vec<_>) =
        bundle.certificates.into_iter().partition(|bundled| bundled.is_for_servers);
    let ders = |bundled: Vec<BundledCertificate>| bundled.into_iter().map(|one| one.certificate.der.into()).collect();
    Ok(Arc::new(Anchors::new(ders(trusted)).but_not(ders(rejected)).but_for(unread)))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let _stage = stage::enter_file(format!("reading {}", path.display()));
    Ok(file::read(path, MAX_FILE)?)
}

fn bad(path: &Path, error: impl Display) -> Failure {
    Failure::new(Class::Unreadable, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        tls: TlsOptions,
    }

    fn settings(line: &str) -> Result<TlsSettings, Failure> {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/x509");
        let line = line.replace("@", fixtures);
        let arguments = CommandLine::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).unwrap();
        arguments.tls.settings("cas1.example.com", &Secrets::default())
    }

    #[test]
    fn each_option_is_known_to_be_given() {
        let given = |line: &str| {
            let arguments = CommandLine::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).unwrap();
            arguments.tls.given().collect::<Vec<_>>()
        };
        let digits = "a".repeat(64);
        for name in TlsOptions::NAMES {
            let value = if *name == "--no-verify" { "" } else { &digits };
            assert_eq!(given(&format!("{name} {value}")), [*name]);
        }
        assert!(given("").is_empty());
    }

    #[test]
    fn by_default_the_system_and_the_host_decide() {
        let settings = settings("").unwrap();
        assert!(matches!(settings.trust, Trust::System));
        assert_eq!((settings.name.as_str(), settings.name_is_explicit), ("cas1.example.com", false));
    }

    #[test]
    fn a_client_certificate_with_its_key_in_a_file_of_its_own() {
        let settings = settings("--client-certificate @/client.pem --client-key @/client-key.pem --no-verify").unwrap();
        assert_eq!(settings.identity.unwrap().subject, "CN=client.example.com");
    }

    #[test]
    fn unreadable_when_a_file_is_not_what_it_should_be() {
        for line in [
            "--ca-file @/client-key.pem",
            "--ca-file @/missing.pem",
            "--ca-file @",
            "--client-certificate @/client.pem",
            "--client-certificate @/client.pem --client-key @/client-key-encrypted.pem",
            "--client-certificate @/client.pem --client-key @/other-key.pem",
        ] {
            let failure = settings(line).unwrap_err();
            assert_eq!(failure.class, Class::Unreadable, "{line}");
            assert!(failure.summary.contains("tests/fixtures/x509"), "{}", failure.summary);
        }
    }

    #[test]
    fn unreadable_when_one_of_many_client_certificates_is_and_where_it_is() {
        let good = include_str!("../../tests/fixtures/x509/client.pem");
        let cut = good.replacen("END CERTIFICATE-----", "END CERTIFICATE", 1);
        let text_behind = good.replacen("CERTIFICATE-----", "CERTIFICATE----- x", 1);
        for bad in [cut, text_behind] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("some.pem");
            std::fs::write(&path, format!("{good}{bad}{good}")).unwrap();
            let line = format!("--client-certificate {} --client-key @/client-key.pem", path.display());
            let failure = settings(&line).unwrap_err();
            assert_eq!(failure.class, Class::Unreadable, "{line}");
            let place = format!("line {}: ", good.lines().count() + 1);
            assert!(failure.summary.contains(&place), "{}", failure.summary);
        }
    }
}
