//! Which kind of addresses is wanted, `-4` or `-6`?

use std::net::IpAddr;

/// Which addresses are wanted, `-4` and `-6`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Family {
    #[default]
    Any,
    V4,
    V6,
}

impl Family {
    /// Whether an address is of it.
    pub(crate) const fn accepts(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }

    /// The word in front of `address`, with its blank.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::V4 => "IPv4 ",
            Self::V6 => "IPv6 ",
        }
    }
}
