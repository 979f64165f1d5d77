//! Who is asked for SRV records? The nameservers, where the system's are not the ones.

use std::net::SocketAddr;

use crate::net::host;
use crate::net::nameserver::PORT;

/// `--dns-server`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct DnsOptions {
    /// Nameserver to ask, as ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; repeatable [default: the system's]
    #[arg(id = "dns_server", long = "dns-server", value_name = "ADDRESS", value_parser = server)]
    pub servers: Vec<SocketAddr>,
}

fn server(text: &str) -> Result<SocketAddr, String> {
    let address = host::address(text).map(|address| SocketAddr::new(address, PORT));
    address.or_else(|| text.parse().ok()).ok_or_else(|| {
        format!(
            "'{text}' is not a nameserver: expected an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn an_address_with_or_without_a_port() {
        for (text, expected) in [
            ("192.0.2.53", "192.0.2.53:53"),
            ("192.0.2.53:5353", "192.0.2.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]", "[2001:db8::53]:53"),
            ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ] {
            assert_eq!(server(text).unwrap().to_string(), expected);
        }
        for text in ["", "dns.example.com", "192.0.2.53:", "192.0.2.53:70000"] {
            assert!(server(text).is_err(), "{text:?}");
        }
    }
}
