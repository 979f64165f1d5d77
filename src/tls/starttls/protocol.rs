//! Which protocols come to TLS after a talk in the clear? Their names, ports and SRV records.

/// `--starttls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StartTls {
    /// RFC 3207, port 25 or 587.
    Smtp,
    /// RFC 9051, port 143.
    Imap,
    /// RFC 2595, port 110.
    Pop3,
    /// RFC 4511, port 389 or 3268.
    Ldap,
}

impl StartTls {
    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Ldap => 389,
        }
    }

    /// What stands before a domain in the name of its SRV records (RFC 6186, RFC 2782).
    pub(crate) const fn srv_labels(self) -> &'static str {
        match self {
            Self::Smtp => "_submission._tcp",
            Self::Imap => "_imap._tcp",
            Self::Pop3 => "_pop3._tcp",
            Self::Ldap => "_ldap._tcp",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Ldap => "LDAP",
        }
    }
}
