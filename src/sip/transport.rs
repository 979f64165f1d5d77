//! How do SIP messages travel? TCP, TLS and UDP: their words, ports and DNS names.

/// How the request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Transport {
    /// TCP, as a Call Router in its default startup mode.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// UDP, for SIP servers other than Exchange's.
    Udp,
}

impl Transport {
    /// Every transport, in our order of preference where a domain states none: the Call Router speaks TCP and TLS only.
    pub const ALL: &[Self] = &[Self::Tcp, Self::Tls, Self::Udp];

    /// The word in options, URIs and reports.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Udp => "udp",
        }
    }

    /// Whether it carries a stream, which loses nothing.
    pub(crate) const fn is_stream(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// The registered port.
    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Tcp | Self::Udp => 5060,
            Self::Tls => 5061,
        }
    }

    /// The two labels in front of a domain whose SRV records name its servers (RFC 3263, section 4.2).
    pub(crate) const fn srv_labels(self) -> &'static str {
        match self {
            Self::Tcp => "_sip._tcp",
            Self::Tls => "_sips._tcp",
            Self::Udp => "_sip._udp",
        }
    }

    /// The service field of its NAPTR record (RFC 3263, section 4.1).
    pub(crate) const fn naptr_service(self) -> &'static str {
        match self {
            Self::Tcp => "SIP+D2T",
            Self::Tls => "SIPS+D2T",
            Self::Udp => "SIP+D2U",
        }
    }

    /// What tells it in a URI, where UDP is what a URI without a word means.
    pub(crate) fn uri_parameter(self) -> String {
        if self == Self::Udp { String::new() } else { format!(";transport={}", self.word()) }
    }

    /// The word in a Via header (RFC 3261, section 20.42).
    pub(crate) const fn in_via_header(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_without_a_word_means_udp() {
        let parameters: Vec<_> = Transport::ALL.iter().map(|transport| transport.uri_parameter()).collect();
        assert_eq!(parameters, [";transport=tcp", ";transport=tls", ""]);
    }
}
