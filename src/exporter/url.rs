//! Where is an exporter? URLs of `http` and `https`, as far as a scrape needs them.
//!
//! `http::Uri`, which hyper brings, takes `a:+1`, `[cas1]` and `[::1]cas1`, has no port in `a:65536`, and says of what it
//! refuses only that it does.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// An `http` or `https` URL without user information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Whether it is `https`.
    pub tls: bool,
    /// The host, an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
    /// The path and the query, from the `/` on.
    pub path: String,
}

/// Why a text is not a URL that can be scraped. It is not repeated: a password may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("expected a URL such as http://cas1.example.com:9182/metrics, or https")]
    Scheme,
    #[error("expected a URL without user information: everybody on the host can read a command line")]
    UserInformation,
    /// No host, or characters that no host name has.
    #[error("expected a host name or an address behind the scheme")]
    Host,
    #[error("expected a port from 1 to 65535 behind the host")]
    Port,
    /// Blanks, control characters, or letters beyond ASCII.
    #[error("expected a path of printable ASCII without blanks, others as %XX")]
    Path,
}

impl Url {
    /// `host:port`, an IPv6 address in brackets.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.tls { "https" } else { "http" }, self.authority(), self.path)
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let tls = scheme.eq_ignore_ascii_case("https");
        if !tls && !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlError::Scheme);
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::UserInformation);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) = bracketed.split_once(']').ok_or(UrlError::Host)?;
                host.parse::<Ipv6Addr>().map_err(|_| UrlError::Host)?;
                (host, port.strip_prefix(':').or(port.is_empty().then_some("")).ok_or(UrlError::Port)?)
            }
            None => authority.split_once(':').unwrap_or((authority, "")),
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || host.len() > 255 || !host.bytes().all(is_host) {
            return Err(UrlError::Host);
        }
        let default = if tls { 443 } else { 80 };
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port =
            if port.is_empty() { Some(default) } else { port.parse().ok().filter(|port| is_number && *port > 0) };
        if path.len() > MAX_PATH || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Path);
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { tls, host: host.to_owned(), port: port.ok_or(UrlError::Port)?, path })
    }
}

/// The longest path, in bytes.
const MAX_PATH: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_host_a_port_and_a_path() {
        let url: Url = "http://cas1.example.com:9182/metrics?collect[]=iis#top".parse().unwrap();
        assert_eq!(url.to_string(), "http://cas1.example.com:9182/metrics?collect[]=iis");
        assert_eq!("HTTPS://[2001:db8::1]".parse::<Url>().unwrap().to_string(), "https://[2001:db8::1]:443/");
        assert_eq!("http://192.0.2.7?x".parse::<Url>().unwrap().to_string(), "http://192.0.2.7:80/?x");
    }

    #[test]
    fn a_host_has_at_most_as_many_letters_as_dns_has_room_for() {
        let host = |length| format!("http://{}/", "a".repeat(length)).parse::<Url>().map(|url| url.host.len());
        assert_eq!([host(255), host(256), host(300)], [Ok(255), Err(UrlError::Host), Err(UrlError::Host)]);
    }

    #[test]
    fn a_path_is_as_long_as_anybody_needs_and_no_longer() {
        let path = |length| format!("http://a/{}", "b".repeat(length - 1)).parse::<Url>().map(|url| url.path.len());
        assert_eq!(path(MAX_PATH), Ok(MAX_PATH));
        assert_eq!([path(MAX_PATH + 1), path(MAX_PATH + 100)], [Err(UrlError::Path), Err(UrlError::Path)]);
    }

    #[test]
    fn refuses_what_is_no_url_to_scrape() {
        let error = |text: &str| text.parse::<Url>().unwrap_err();
        assert_eq!(error("http://user:pw@cas1/metrics"), UrlError::UserInformation);
        assert_eq!(error("file:///etc/passwd"), UrlError::Scheme);
        assert_eq!(error("cas1:9182"), UrlError::Scheme);
        assert_eq!(error("http://"), UrlError::Host);
        assert_eq!(error("http://a b/"), UrlError::Host);
        assert_eq!(error("http://[::1"), UrlError::Host);
        assert_eq!(error("http://[cas1]/"), UrlError::Host);
        assert_eq!(error("http://[::1]cas1/"), UrlError::Port);
        assert_eq!(error("http://a:0/"), UrlError::Port);
        assert_eq!(error("http://a:+1/"), UrlError::Port);
        assert_eq!(error("http://a:65536/"), UrlError::Port);
        assert_eq!(error("http://a/b c\r\nHost: x"), UrlError::Path);
        assert_eq!(error("http://a/\u{e9}"), UrlError::Path);
    }
}
