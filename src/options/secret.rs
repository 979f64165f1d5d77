//! What is the secret? Read from a file, an environment variable or an ini section; there is no option that takes one as its value.

use std::env;
use std::path::PathBuf;

use crate::input::file;
use crate::report::{Class, Failure};
use crate::time::stage;

/// Secrets that an ini section holds.
#[derive(Clone, Default)]
pub struct Secrets {
    /// `password`: for digest authentication, or an exporter's basic one.
    pub password: Option<String>,
    /// `passphrase`: of a private key or a key store.
    pub passphrase: Option<String>,
    /// `bearer-token`: for an exporter.
    pub bearer_token: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(masked)")
    }
}

/// Where a secret comes from, in falling order of precedence.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretSource<'a> {
    /// What it is, for messages: `password`, `passphrase`.
    pub what: &'static str,
    /// A file whose first line it is.
    pub file: Option<&'a PathBuf>,
    /// The name of an environment variable that holds it.
    pub env: Option<&'a String>,
    /// What an ini section holds.
    pub ini: Option<&'a String>,
    /// Whether a variable may hold an empty one: a password would be shown to the peer, and be the wrong one; an empty
    /// passphrase is what some containers are closed with.
    pub may_be_empty: bool,
}

impl SecretSource<'_> {
    /// Whether the operator named any source.
    pub(crate) const fn is_given(&self) -> bool {
        self.file.is_some() || self.env.is_some() || self.ini.is_some()
    }

    /// The secret, `None` when no source is named.
    pub(crate) fn read(&self) -> Result<Option<String>, Failure> {
        let what = self.what;
        if let Some(path) = self.file {
            let _stage = stage::enter_file(format!("reading the {what} file {}", path.display()));
            let content = file::read(path, MAX_FILE)?;
            let lacking = |encoding: &str| {
                Failure::new(Class::Unreadable, format!("{}, line 1: expected a {what}{encoding}", path.display()))
            };
            let text = String::from_utf8(content).map_err(|_| lacking(" in UTF-8"))?;
            // Some editors of Windows begin with a byte order mark, which nobody means.
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let line = text.lines().next().filter(|line| !line.is_empty()).ok_or_else(|| lacking(""))?;
            return Ok(Some(line.to_owned()));
        }
        if let Some(name) = self.env {
            let unset = |_| {
                let text = format!("the environment variable '{name}' holds no {what}: it is not set, or not text");
                Failure::new(Class::Unreadable, text)
            };
            let secret = env::var(name).map_err(unset)?;
            let text = || format!("the environment variable '{name}' is empty: expected a {what}");
            let is_lacking = secret.is_empty() && !self.may_be_empty;
            return if is_lacking { Err(Failure::new(Class::Unreadable, text())) } else { Ok(Some(secret)) };
        }
        Ok(self.ini.cloned())
    }
}

/// The most of a secret file, in bytes.
const MAX_FILE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(content: &[u8]) -> Result<Option<String>, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let path = file.path().to_owned();
        SecretSource { what: "password", file: Some(&path), ..SecretSource::default() }.read()
    }

    #[test]
    fn the_first_line_of_a_file_without_its_end() {
        assert_eq!(from_file(b" se|cret \r\nmore").unwrap().as_deref(), Some(" se|cret "));
        assert_eq!(from_file(b"\xef\xbb\xbfse|cret\r\n").unwrap().as_deref(), Some("se|cret"));
    }

    #[test]
    fn unreadable_when_empty_or_no_text_and_nothing_of_it_is_shown() {
        for content in [b"".as_slice(), b"\nse|cret", b"se\xff|cret", b"\xef\xbb\xbf"] {
            let failure = from_file(content).unwrap_err();
            assert_eq!(failure.class, Class::Unreadable);
            assert!(!format!("{failure:?}").contains("se\u{fffd}") && !failure.summary.contains("cret"));
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let name = "CHECK_UM_NOT_SET".to_owned();
        let failure =
            SecretSource { what: "password", env: Some(&name), ..SecretSource::default() }.read().unwrap_err();
        assert!(failure.summary.contains("'CHECK_UM_NOT_SET'"));
    }

    #[test]
    fn an_ini_section_is_the_last_resort() {
        let ini = "x".to_owned();
        assert_eq!(SecretSource { ini: Some(&ini), ..SecretSource::default() }.read().unwrap().as_deref(), Some("x"));
        assert_eq!(SecretSource::default().read().unwrap(), None);
    }
}
