//! How is TLS spoken with a SIP server, and how long must the certificate last that it shows beside its answer?

use crate::report::{Class, Failure};
use crate::tls::backend::{Backend, WITHOUT_LEGACY};
use crate::tls::settings::HAS_LEGACY;
use crate::x509::expiry::{Expiries, Expiry};

/// `--tls-backend`, `--certificate-warning` and `--certificate-critical`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServedOptions {
    /// Which TLS: modern (1.2 and 1.3), legacy (1.0 to 1.2, every suite; not in every build), or auto: legacy where modern fails
    /// [default: auto]
    #[arg(long, value_enum, value_name = "BACKEND", help_heading = "TLS")]
    tls_backend: Option<Backend>,

    /// WARNING when a served certificate has less left than this: N days, Nh hours, N% of its lifetime
    #[arg(long, value_name = "LEFT", allow_hyphen_values = true, help_heading = "Thresholds")]
    certificate_warning: Option<Expiry>,

    /// CRITICAL when a served certificate has less left than this
    #[arg(long, value_name = "LEFT", allow_hyphen_values = true, help_heading = "Thresholds")]
    certificate_critical: Option<Expiry>,
}

impl ServedOptions {
    /// All of them, for a check whose connection is not always one over TLS.
    pub(crate) const NAMES: &'static [&'static str] =
        &["--tls-backend", "--certificate-warning", "--certificate-critical"];

    /// The backend asked for, if this build has it: nobody is to be bothered where it has not.
    pub(crate) fn backend(&self) -> Result<Backend, Failure> {
        match self.tls_backend.unwrap_or_default() {
            Backend::Legacy if !HAS_LEGACY => {
                let advice = Some("Leave --tls-backend away, or use a build that has both.");
                Err(Failure { advice, ..Failure::new(Class::Local, WITHOUT_LEGACY) })
            }
            backend => Ok(backend),
        }
    }

    /// Which thresholds of the certificate were given.
    pub(crate) fn thresholds_given(&self) -> impl Iterator<Item = &'static str> {
        let warning = self.certificate_warning.is_some().then_some("--certificate-warning");
        warning.into_iter().chain(self.certificate_critical.is_some().then_some("--certificate-critical"))
    }

    /// Which of its options were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        self.tls_backend.is_some().then_some("--tls-backend").into_iter().chain(self.thresholds_given())
    }

    pub(crate) fn expiries(&self) -> Expiries {
        Expiries { warning: self.certificate_warning.clone(), critical: self.certificate_critical.clone() }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    #[test]
    fn a_build_without_legacy_tls_says_what_to_do_about_it() {
        let backend = |line: &[&str]| {
            let command = ServedOptions::augment_args(Command::new("x").no_binary_name(true));
            ServedOptions::from_arg_matches(&command.get_matches_from(line)).unwrap().backend()
        };
        assert_eq!(backend(&[]).unwrap(), Backend::default());
        let advice = backend(&["--tls-backend", "legacy"]).err().and_then(|failure| failure.advice);
        assert_eq!(advice.is_some_and(|advice| advice.starts_with("Leave --tls-backend away")), !HAS_LEGACY);
    }
}
