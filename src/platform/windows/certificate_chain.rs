//! Does a chain of certificates lead to a root that Windows trusts? As Windows itself builds chains.
#![allow(unsafe_code, reason = "chains are built by the C functions of the system only")]

use std::mem::offset_of;
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Security::Cryptography::{
    CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL, CERT_CHAIN_CONTEXT, CERT_CHAIN_DISABLE_AIA,
    CERT_CHAIN_DISABLE_AUTH_ROOT_AUTO_UPDATE, CERT_CHAIN_PARA, CERT_TRUST_IS_CYCLIC, CERT_TRUST_IS_EXPLICIT_DISTRUST,
    CERT_TRUST_IS_NOT_VALID_FOR_USAGE, CERT_TRUST_IS_PARTIAL_CHAIN, CERT_TRUST_IS_UNTRUSTED_ROOT, CTL_USAGE,
    CertFreeCertificateChain, CertGetCertificateChain, USAGE_MATCH_TYPE_AND, szOID_PKIX_KP_SERVER_AUTH,
};

use super::CallError;
use super::certificate_store::{CertificateContext, CertificateStore, der_of};

/// Where a root may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// This machine, which has only a few until it asks for others. Nothing is sent.
    Present,
    /// Microsoft as well, who hands out those that Windows trusts. No address that a certificate names is asked.
    Fetched,
}

/// The root, in DER, that Windows trusts to have issued for servers the first of these certificates, which the others may
/// lead to; `None` if it trusts none. Revocation is not asked.
///
/// `patience` is what Windows is told to take at the most for fetching. It may take longer.
pub(crate) fn trusted_root(ders: &[Vec<u8>], roots: Roots, patience: Duration) -> Result<Option<Vec<u8>>, CallError> {
    let Some((leaf, others)) = ders.split_first() else { return Ok(None) };
    let leaf = CertificateContext::from_der(leaf)?;
    let others = CertificateStore::in_memory(others)?;
    let flags = match roots {
        Roots::Present => CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL | CERT_CHAIN_DISABLE_AUTH_ROOT_AUTO_UPDATE,
        Roots::Fetched => CERT_CHAIN_DISABLE_AIA,
    };
    let mut usage = [szOID_PKIX_KP_SERVER_AUTH.cast_mut()];
    let mut parameters = CERT_CHAIN_PARA {
        // As far as Windows 7 knows it.
        cbSize: offset_of!(CERT_CHAIN_PARA, pStrongSignPara) as u32,
        dwUrlRetrievalTimeout: u32::try_from(patience.as_millis()).unwrap_or(u32::MAX).max(1),
        ..CERT_CHAIN_PARA::default()
    };
    parameters.RequestedUsage.dwType = USAGE_MATCH_TYPE_AND;
    parameters.RequestedUsage.Usage = CTL_USAGE { cUsageIdentifier: 1, rgpszUsageIdentifier: usage.as_mut_ptr() };
    let mut chain = ptr::null_mut();
    // SAFETY: the certificate and the store are open; the parameters and the usage that they point to outlive the call.
    // Without an engine the user's own is used, without a time it is now.
    let is_built = unsafe {
        CertGetCertificateChain(
            ptr::null_mut(),
            leaf.as_ptr(),
            ptr::null(),
            others.handle(),
            &parameters,
            flags,
            ptr::null(),
            &mut chain,
        )
    };
    if is_built == 0 || chain.is_null() {
        return Err(CallError::last("CertGetCertificateChain"));
    }
    Ok(BuiltChain(chain).trusted_root())
}

/// A chain that Windows has built.
struct BuiltChain(*const CERT_CHAIN_CONTEXT);

impl BuiltChain {
    /// Its last certificate, if it is trusted as a root for servers. What is wrong elsewhere in the chain is not asked here.
    fn trusted_root(&self) -> Option<Vec<u8>> {
        // SAFETY: the context lives as long as this; it holds `cChain` pointers to chains, each of which holds `cElement`
        // pointers to elements with a certificate, all of them valid as long as the context.
        let (error, root_error, der) = unsafe {
            let context = self.0.as_ref()?;
            let chain = last(context.rgpChain, context.cChain)?.as_ref()?;
            let root = last(chain.rgpElement, chain.cElement)?.as_ref()?;
            (context.TrustStatus.dwErrorStatus, root.TrustStatus.dwErrorStatus, der_of(root.pCertContext)?)
        };
        let is_refused = error & NO_TRUSTED_ROOT != 0 || root_error & CERT_TRUST_IS_NOT_VALID_FOR_USAGE != 0;
        (!is_refused).then_some(der)
    }
}

impl Drop for BuiltChain {
    fn drop(&mut self) {
        // SAFETY: the context was returned by CertGetCertificateChain and is freed only here.
        unsafe { CertFreeCertificateChain(self.0) };
    }
}

/// The last of `count` pointers.
///
/// # Safety
/// Behind `pointers` there must be as many.
unsafe fn last<T>(pointers: *mut *mut T, count: u32) -> Option<*mut T> {
    let last = count.checked_sub(1).filter(|_| !pointers.is_null())?;
    // SAFETY: it is within the count.
    Some(unsafe { *pointers.add(last as usize) })
}

/// What a chain must not be for its last certificate to be a root that Windows trusts.
const NO_TRUSTED_ROOT: u32 =
    CERT_TRUST_IS_UNTRUSTED_ROOT | CERT_TRUST_IS_PARTIAL_CHAIN | CERT_TRUST_IS_CYCLIC | CERT_TRUST_IS_EXPLICIT_DISTRUST;
