//! What kind of failure is it when Windows refuses to say something of a service? By the number of its error.
#![cfg_attr(not(any(windows, test)), expect(dead_code, reason = "only Windows has a service manager"))]

use crate::report::Class;

/// The class of a Windows error that a service manager or a registry gave, of this host or another.
pub(crate) const fn class(code: u32) -> Class {
    match code {
        1_060 => Class::Missing,
        // ERROR_ACCESS_DENIED, ERROR_NETWORK_ACCESS_DENIED; an account that is unknown, expired, locked, or that no domain
        // controller can vouch for; a name that Kerberos does not know.
        5 | 65 | 1_311 | 1_326..=1_328 | 1_330 | 1_331 | 1_385 | 1_396 | 1_786..=1_790 | 1_825 | 1_907 | 1_909 => {
            Class::Permission
        }
        // ERROR_SEM_TIMEOUT, ERROR_TIMEOUT, WSAETIMEDOUT.
        121 | 1_460 | 10_060 => Class::Timeout,
        // WSAHOST_NOT_FOUND, WSATRY_AGAIN, WSANO_RECOVERY, WSANO_DATA.
        11_001..=11_004 => Class::Dns,
        // ERROR_REM_NOT_LIST, ERROR_BAD_NETPATH, ERROR_NETNAME_DELETED, ERROR_BAD_NET_NAME; no network, network, host,
        // protocol or port unreachable, refused, aborted; RPC_S_INVALID_NET_ADDR, RPC_S_SERVER_UNAVAILABLE,
        // RPC_S_SERVER_TOO_BUSY, RPC_S_CALL_FAILED and _DNE; EPT_S_NOT_REGISTERED.
        51 | 53 | 64 | 67 | 1_203 | 1_222 | 1_225 | 1_231..=1_236 | 1_707 | 1_722 | 1_723 | 1_726 | 1_727 | 1_753 => {
            Class::Unreachable
        }
        _ => Class::NoData,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_cannot_be_asked_is_no_stopped_service() {
        for (code, expected) in [
            (1_060, Class::Missing),
            (1_722, Class::Unreachable),
            (53, Class::Unreachable),
            (1_753, Class::Unreachable),
            (5, Class::Permission),
            (1_326, Class::Permission),
            (1_460, Class::Timeout),
            (11_001, Class::Dns),
            (124, Class::NoData),
            (0, Class::NoData),
            (u32::MAX, Class::NoData),
        ] {
            assert_eq!(class(code), expected, "{code}");
        }
        assert!((0..=20_000).all(|code| !matches!(class(code), Class::Stopped | Class::Disabled)));
    }
}
