//! Which nameservers do the network adapters ask? Those that are up, in the system's order.
#![allow(unsafe_code, reason = "the system fills in a linked list")]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ptr::null;

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, ERROR_SUCCESS};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_FRIENDLY_NAME, GAA_FLAG_SKIP_MULTICAST, GAA_FLAG_SKIP_UNICAST,
    GetAdaptersAddresses, IP_ADAPTER_ADDRESSES_LH,
};
use windows_sys::Win32::NetworkManagement::Ndis::IfOperStatusUp;
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
};

use super::CallError;

/// The nameservers of every adapter that is up, with port 0.
pub(crate) fn nameservers() -> Result<Vec<SocketAddr>, CallError> {
    let Some(buffer) = adapters()? else { return Ok(Vec::new()) };
    let mut servers = Vec::new();
    let mut next = buffer.as_ptr().cast::<IP_ADAPTER_ADDRESSES_LH>();
    // SAFETY: each pointer is null or leads to an entry that the system wrote into the buffer, which is still there.
    while let Some(adapter) = unsafe { next.as_ref() } {
        let mut server = adapter.FirstDnsServerAddress;
        // SAFETY: as above.
        while let Some(entry) = unsafe { server.as_ref() } {
            if adapter.OperStatus == IfOperStatusUp {
                servers.extend(address(&entry.Address).filter(is_configured));
            }
            server = entry.Next;
        }
        next = adapter.Next;
    }
    Ok(servers)
}

/// The system's list of adapters, which begins where the buffer does; `None` if there is not one.
fn adapters() -> Result<Option<Vec<u64>>, CallError> {
    let flags = GAA_FLAG_SKIP_UNICAST | GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_FRIENDLY_NAME;
    let mut size = FIRST_SIZE;
    // The list may have grown when it is asked for again.
    for _ in 0..ATTEMPTS {
        let mut buffer = vec![0_u64; (size as usize).div_ceil(size_of::<u64>())];
        // SAFETY: the buffer is as long as `size` says and aligned for the pointers in an entry.
        let code =
            unsafe { GetAdaptersAddresses(AF_UNSPEC.into(), flags, null(), buffer.as_mut_ptr().cast(), &raw mut size) };
        match code {
            ERROR_SUCCESS => return Ok(Some(buffer)),
            ERROR_NO_DATA => return Ok(None),
            ERROR_BUFFER_OVERFLOW if size <= MAX_SIZE => {}
            code => return Err(CallError::new("GetAdaptersAddresses", code)),
        }
    }
    Err(CallError::new("GetAdaptersAddresses", ERROR_BUFFER_OVERFLOW))
}

fn address(entry: &SOCKET_ADDRESS) -> Option<SocketAddr> {
    let length = usize::try_from(entry.iSockaddrLength).ok()?;
    // SAFETY: null or an address of the family and the length that it says, in the buffer of the list.
    match unsafe { entry.lpSockaddr.as_ref() }?.sa_family {
        AF_INET if length >= size_of::<SOCKADDR_IN>() => {
            // SAFETY: as above.
            let inet = unsafe { entry.lpSockaddr.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: every pattern of bits is a number. They are in network order.
            let bits = unsafe { inet.sin_addr.S_un.S_addr };
            Some((Ipv4Addr::from(bits.to_ne_bytes()), 0).into())
        }
        AF_INET6 if length >= size_of::<SOCKADDR_IN6>() => {
            // SAFETY: as above.
            let inet = unsafe { entry.lpSockaddr.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: every pattern of bits is an address and a number.
            let (bytes, scope) = unsafe { (inet.sin6_addr.u.Byte, inet.Anonymous.sin6_scope_id) };
            Some(SocketAddrV6::new(Ipv6Addr::from(bytes), 0, 0, scope).into())
        }
        _ => None,
    }
}

/// Not one of the site-local addresses that an adapter has as long as nobody gave it a nameserver over IPv6.
fn is_configured(server: &SocketAddr) -> bool {
    !matches!(server, SocketAddr::V6(server) if server.ip().segments()[0] & 0xffc0 == 0xfec0)
}

/// What the documentation recommends, and more than any machine has.
const FIRST_SIZE: u32 = 15_000;
const MAX_SIZE: u32 = 4 * 1024 * 1024;
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_adapters_of_this_machine_can_be_asked() {
        let servers = nameservers().unwrap();
        assert!(servers.iter().all(|server| !server.ip().is_unspecified()), "{servers:?}");
    }

    #[test]
    fn what_nobody_configured_is_left_out() {
        assert!(!is_configured(&"[fec0:0:0:ffff::1]:0".parse().unwrap()));
        assert!(is_configured(&"[fe80::1]:0".parse().unwrap()) && is_configured(&"192.0.2.53:0".parse().unwrap()));
    }
}
