//! How does a SIP request read? Its Request-URI, and the headers that an operator may want otherwise.

use super::plain;
use crate::sip::uri;

/// `--uri`, `--from`, `--to`, `--contact`, `--user-agent`, `--max-forwards`.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestOptions {
    /// Request-URI [default: sip:HOST:PORT, with the transport as a parameter unless it is udp; with --srv sip:DOMAIN]
    #[arg(short, long, value_name = "URI", value_parser = uri::bare)]
    pub uri: Option<String>,

    /// From address [default: sip:check-um@ the local address]
    #[arg(long, value_name = "ADDRESS", value_parser = uri::untagged_address)]
    pub from: Option<String>,

    /// To address [default: the Request-URI]
    #[arg(long, value_name = "ADDRESS", value_parser = uri::untagged_address)]
    pub to: Option<String>,

    /// Contact address; Teams wants this host's own FQDN in it [default: the local address and port]
    #[arg(long, value_name = "ADDRESS", value_parser = uri::address)]
    pub contact: Option<String>,

    /// User-Agent header [default: check-um/VERSION]
    #[arg(long, value_name = "TEXT", value_parser = uri::header_text)]
    user_agent: Option<String>,

    /// Max-Forwards header, 0 to 255 [default: 70]
    #[arg(long, value_name = "N", value_parser = plain::octet)]
    max_forwards: Option<u8>,
}

impl RequestOptions {
    pub(crate) fn user_agent(&self) -> String {
        self.user_agent.as_deref().unwrap_or(USER_AGENT).to_owned()
    }

    pub(crate) fn max_forwards(&self) -> u8 {
        self.max_forwards.unwrap_or(DEFAULT_MAX_FORWARDS)
    }
}

const USER_AGENT: &str = concat!("check-um/", env!("CARGO_PKG_VERSION"));

/// RFC 3261 8.1.1.6 recommends it.
const DEFAULT_MAX_FORWARDS: u8 = 70;
