//! Whom was the question put to, and with which credentials?

use std::net::IpAddr;

/// Whom the question was put to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The name or address as given; a file's path for a check of files.
    pub host: String,
    /// The address that was talked to, where there was one.
    pub address: Option<IpAddr>,
    /// The port, where there was one.
    pub port: Option<u16>,
    /// `tcp`, `tls`, `udp`, `file` ...
    pub transport: &'static str,
}

impl Target {
    /// Host and port in one word: `cas1:5060`, `[2001:db8::7]:5061`.
    pub fn endpoint(&self) -> String {
        self.with_port(self.port.map(|port| port.to_string()).as_deref())
    }

    /// The same with a port that may be none at all, as somebody wrote it.
    pub(crate) fn with_port(&self, port: Option<&str>) -> String {
        match port {
            Some(port) if self.host.contains(':') => format!("[{}]:{port}", self.host),
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

/// The credentials that were used, never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// The user name that a digest challenge was answered with.
    pub digest_user: Option<String>,
    /// The subject of the client certificate that was presented.
    pub client_certificate: Option<String>,
}
