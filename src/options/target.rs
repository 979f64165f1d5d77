//! Whom is the question put to? Host, port and address family.

use super::plain::port;
use crate::net::family::Family;

/// `-H`, which is required, and the rest of the target.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Target")]
pub struct TargetOptions {
    /// Name or address of the host to ask
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host)]
    pub hostname: String,

    /// The rest.
    #[command(flatten)]
    pub endpoint: EndpointOptions,
}

/// `-p`, `-4`, `-6`.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Target")]
pub struct EndpointOptions {
    /// Port to connect to [default: the protocol's own]
    #[arg(short, long, value_parser = port)]
    pub port: Option<u16>,

    /// Use IPv4 addresses only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,

    /// Use IPv6 addresses only
    #[arg(short = '6', long = "ipv6")]
    pub ipv6: bool,
}

impl EndpointOptions {
    /// The address family asked for.
    pub const fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }

    /// Whether any of them is given.
    pub const fn is_given(&self) -> bool {
        self.port.is_some() || self.ipv4 || self.ipv6
    }
}

/// A host name or address: nothing that could not be looked up, and nothing that could break out of a URI.
pub fn host(text: &str) -> Result<String, String> {
    let is_plausible = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    if !text.is_empty() && text.len() <= 255 && text.chars().all(is_plausible) && !text.starts_with('-') {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is not a host: expected a name such as cas1.example.com or an address such as 192.0.2.7"))
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn names_and_addresses_are_hosts_and_options_are_not() {
        for text in
            ["cas1.example.com", "192.0.2.7", "2001:db8::7", "[2001:db8::7]", "fe80::1%eth0", "_sip._tcp.example"]
        {
            assert!(host(text).is_ok(), "{text}");
        }
        for text in ["", "-p", "a b", "a/b", "sip:a@b", "a\n", &"x".repeat(256)] {
            assert!(host(text).is_err(), "{text:?}");
        }
    }
}
