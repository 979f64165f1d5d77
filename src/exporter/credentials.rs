//! Who asks an exporter? A user with a password, or whoever holds a token (RFC 7617, RFC 6750).

use std::fmt;

use base64ct::{Base64, Encoding};
use hyper::header::HeaderValue;

/// What stands in the header `Authorization`; nothing shows it.
#[derive(Clone)]
pub(crate) struct Credentials(HeaderValue);

impl Credentials {
    /// Of a user, without a colon, and a password.
    pub(crate) fn basic(user: &str, password: &str) -> Option<Self> {
        let encoded = Base64::encode_string(format!("{user}:{password}").as_bytes());
        (!user.contains(':')).then(|| Self::new(&format!("Basic {encoded}"))).flatten()
    }

    /// Of a token, which is printable ASCII without blanks.
    pub(crate) fn bearer(token: &str) -> Option<Self> {
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self::new(&format!("Bearer {token}"))).flatten()
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    fn new(text: &str) -> Option<Self> {
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(Self(header))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_a_password_are_one_word() {
        let credentials = Credentials::basic("Aladdin", "open sesame").unwrap();
        assert_eq!(credentials.header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{credentials:?} {:?}", credentials.header()).contains("QWxh"));
        assert_eq!(format!("{credentials:?}"), "Credentials(masked)");
        assert!(Credentials::basic("a:b", "c").is_none());
        assert!(Credentials::basic("Jürgen", "größer\n").is_some());
    }

    #[test]
    fn a_token_cannot_break_its_header() {
        assert_eq!(Credentials::bearer("abc.def-1").unwrap().header(), "Bearer abc.def-1");
        for token in ["", "a b", "a\nX: y", "ü"] {
            assert!(Credentials::bearer(token).is_none(), "{token:?}");
        }
    }
}
