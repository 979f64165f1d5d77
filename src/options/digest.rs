//! With which credentials is a challenge answered? The user, and where the password comes from.

use std::path::PathBuf;

use super::needs::{Need, When};
use super::secret::{SecretSource, Secrets};
use crate::report::Failure;
use crate::sip::digest::Credentials;
use crate::sip::uri;

/// `--username` and its password.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Authentication")]
pub(crate) struct DigestOptions {
    /// User name for digest authentication (MD5, SHA-256, SHA-512-256)
    #[arg(long, value_name = "USER", value_parser = uri::header_text)]
    username: Option<String>,

    /// File whose first line is the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Environment variable that holds the password
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    password_env: Option<String>,
}

impl DigestOptions {
    pub(crate) const NEEDS: &'static [Need] =
        &[Need { options: &["--password-file", "--password-env"], when: When::Given("--username") }];

    /// Reads the password; `None` where there is no user.
    pub(crate) fn credentials(&self, secrets: &Secrets) -> Result<Option<Credentials>, Failure> {
        let password = self.password(secrets).read()?;
        let given = self.username.as_ref().zip(password);
        Ok(given.map(|(user, password)| Credentials { username: user.clone(), password }))
    }

    pub(crate) fn contradiction(&self, secrets: &Secrets) -> Option<&'static str> {
        (self.username.is_some() && !self.password(secrets).is_given())
            .then_some("--username: expected its password too, from --password-file, --password-env or an ini section")
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
}
