//! How is an exporter asked? As whom, and how TLS is spoken with it.

use std::path::PathBuf;

use super::secret::SecretSource;
use super::tls::TlsOptions;
use super::{Need, Secrets, When};
use crate::exporter::Exporter;
use crate::exporter::credentials::Credentials;
use crate::exporter::http::Access;
use crate::exporter::url::Url;
use crate::report::{Class, Failure};

/// `--exporter-user` with its password, a bearer token, and the options for TLS.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Exporter")]
pub(crate) struct ExporterOptions {
    /// User to show to an exporter that wants basic authentication
    #[arg(long, value_name = "USER")]
    exporter_user: Option<String>,

    /// File whose first line is the user's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Environment variable that holds the user's password
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    password_env: Option<String>,

    /// File whose first line is a bearer token to show to the exporter
    #[arg(long, value_name = "FILE")]
    bearer_token_file: Option<PathBuf>,

    /// Environment variable that holds a bearer token to show to the exporter
    #[arg(long, value_name = "NAME", conflicts_with = "bearer_token_file")]
    bearer_token_env: Option<String>,

    #[command(flatten)]
    tls: TlsOptions,
}

impl ExporterOptions {
    /// All of them but those for TLS.
    pub(crate) const NAMES: &'static [&'static str] =
        &["--exporter-user", "--password-file", "--password-env", "--bearer-token-file", "--bearer-token-env"];

    pub(crate) const NEEDS: &'static [Need] =
        &[Need { options: &["--password-file", "--password-env"], when: When::Given("--exporter-user") }];

    /// What no table can tell: what is wrong with the credentials.
    pub(crate) fn contradiction(&self, secrets: &Secrets) -> Option<String> {
        let user = self.exporter_user.as_ref()?;
        if self.bearer_token_file.is_some() || self.bearer_token_env.is_some() {
            return Some("--exporter-user and a bearer token exclude each other: expected one of them".to_owned());
        }
        if user.contains(':') {
            return Some("--exporter-user: expected a name without a colon".to_owned());
        }
        let expected =
            "--exporter-user: expected its password too, by --password-file, --password-env or an ini section";
        (!self.password(secrets).is_given()).then(|| expected.to_owned())
    }

    /// The exporter at `url`, with what it is to be shown.
    pub(crate) fn exporter(&self, url: &Url, secrets: &Secrets) -> Result<Exporter, Failure> {
        let access = Access { tls: self.tls.settings(&url.host, secrets)?, credentials: self.credentials(secrets)? };
        Ok(Exporter { url: url.clone(), access })
    }

    fn credentials(&self, secrets: &Secrets) -> Result<Option<Credentials>, Failure> {
        let unusable = |text: &str| Failure::new(Class::Unreadable, text);
        if let Some(user) = &self.exporter_user {
            let password = self.password(secrets).read()?.unwrap_or_default();
            let credentials = Credentials::basic(user, &password);
            return credentials.map(Some).ok_or_else(|| unusable("--exporter-user: expected a name without a colon"));
        }
        let Some(token) = self.bearer_token(secrets).read()? else { return Ok(None) };
        let expected = "the bearer token: expected printable ASCII without blanks";
        Credentials::bearer(&token).map(Some).ok_or_else(|| unusable(expected))
    }

    fn password<'a>(&'a self, secrets: &'a Secrets) -> SecretSource<'a> {
        SecretSource {
            what: "password",
            file: self.password_file.as_ref(),
            env: self.password_env.as_ref(),
            ini: secrets.password.as_ref(),
            may_be_empty: false,
        }
    }

    fn bearer_token<'a>(&'a self, secrets: &'a Secrets) -> SecretSource<'a> {
        SecretSource {
            what: "bearer token",
            file: self.bearer_token_file.as_ref(),
            env: self.bearer_token_env.as_ref(),
            ini: secrets.bearer_token.as_ref(),
            may_be_empty: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    #[test]
    fn a_user_has_a_password_and_no_token_beside_it() {
        let contradiction = |line: &str| {
            let command = ExporterOptions::augment_args(Command::new("x").no_binary_name(true));
            let options = ExporterOptions::from_arg_matches(&command.get_matches_from(line.split(' '))).unwrap();
            options.contradiction(&Secrets::default())
        };
        for line in ["--bearer-token-file a", "--exporter-user a --password-file b"] {
            assert_eq!(contradiction(line), None, "{line}");
        }
        for (line, said) in [
            ("--exporter-user a --password-file b --bearer-token-file c", "exclude each other"),
            ("--exporter-user a --password-file b --bearer-token-env C", "exclude each other"),
            ("--exporter-user a:b --password-file c", "expected a name without a colon"),
            ("--exporter-user a", "expected its password too"),
        ] {
            let contradiction = contradiction(line).unwrap();
            assert!(contradiction.contains(said), "{line}: {contradiction}");
        }
    }
}
