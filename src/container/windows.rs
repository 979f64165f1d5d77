//! What does Windows know of certificates? Those of its stores, and the root that it trusts for a chain.
#![allow(unsafe_code, reason = "certificate stores are there through their C functions only")]

use std::mem::offset_of;
use std::ptr;
use std::slice;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use windows_sys::Win32::Security::Cryptography::{
    CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL, CERT_CHAIN_CONTEXT, CERT_CHAIN_DISABLE_AIA,
    CERT_CHAIN_DISABLE_AUTH_ROOT_AUTO_UPDATE, CERT_CHAIN_PARA, CERT_CONTEXT, CERT_STORE_ADD_ALWAYS,
    CERT_STORE_OPEN_EXISTING_FLAG, CERT_STORE_PROV_MEMORY, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG,
    CERT_SYSTEM_STORE_CURRENT_USER, CERT_SYSTEM_STORE_LOCAL_MACHINE, CERT_TRUST_IS_CYCLIC,
    CERT_TRUST_IS_EXPLICIT_DISTRUST, CERT_TRUST_IS_NOT_VALID_FOR_USAGE, CERT_TRUST_IS_PARTIAL_CHAIN,
    CERT_TRUST_IS_UNTRUSTED_ROOT, CTL_USAGE, CertAddEncodedCertificateToStore, CertCloseStore,
    CertCreateCertificateContext, CertEnumCertificatesInStore, CertFreeCertificateChain, CertFreeCertificateContext,
    CertGetCertificateChain, CertOpenStore, HCERTSTORE, USAGE_MATCH_TYPE_AND, X509_ASN_ENCODING,
    szOID_PKIX_KP_SERVER_AUTH,
};

use super::store::{Location, StoreName};
use crate::platform::windows::{CallError, wide};
use crate::report::{Class, Failure};
use crate::time::stage;
use crate::x509::Chain;

/// The certificates of a store, in DER, in whatever order it keeps them.
pub fn certificates(name: &StoreName) -> Result<Vec<Vec<u8>>, Failure> {
    stage::enter(format!("reading the certificate store {name}"));
    let store = Store::of_system(name).map_err(|error| {
        let granted_by = "an administrator of this machine";
        Failure::of_call(&error, &format!("cannot open the certificate store {name}"), Class::Unreadable, granted_by)
    })?;
    let ders = store.certificates();
    stage::enter("");
    if ders.len() > MAX_CERTIFICATES {
        let text = format!("the certificate store {name} holds more than {MAX_CERTIFICATES} certificates");
        return Err(Failure::new(Class::Unreadable, text));
    }
    Ok(ders)
}

/// The root that Windows trusts to have issued `chain` for servers; `None` if it trusts none, or does not tell within
/// `patience`.
///
/// Windows brings only a few roots along and fetches the others when it is asked for them. That alone may go to the
/// network: not the addresses that the chain itself names, which a stranger has chosen.
pub fn trusted_root(chain: &Chain, patience: Duration) -> Result<Option<CertificateDer<'static>>, CallError> {
    let ders: Vec<_> = chain.iter().map(|certificate| certificate.der.clone()).collect();
    let known = built(&ders, CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL | CERT_CHAIN_DISABLE_AUTH_ROOT_AUTO_UPDATE, patience)?;
    // A certificate that issued itself is known, or it is nobody's root.
    if known.is_some() || chain.leaf().is_self_issued() || patience.is_zero() {
        return Ok(known);
    }
    let (sender, receiver) = mpsc::channel();
    let fetching = move || {
        // Nobody waits for it any more.
        let _ = sender.send(built(&ders, CERT_CHAIN_DISABLE_AIA, patience));
    };
    match thread::Builder::new().name("root".to_owned()).spawn(fetching) {
        Ok(_) => receiver.recv_timeout(patience).unwrap_or(Ok(None)),
        Err(_) => Ok(None),
    }
}

/// The trusted root of the chain that Windows builds from these certificates, the leaf first. Revocation is not asked.
fn built(ders: &[Vec<u8>], flags: u32, patience: Duration) -> Result<Option<CertificateDer<'static>>, CallError> {
    let Some((leaf, others)) = ders.split_first() else {
        return Ok(None);
    };
    let leaf = Certificate::from_der(leaf)?;
    let others = Store::of_certificates(others)?;
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
            leaf.0,
            ptr::null(),
            others.0,
            &parameters,
            flags,
            ptr::null(),
            &mut chain,
        )
    };
    if is_built == 0 || chain.is_null() {
        return Err(CallError::last("CertGetCertificateChain"));
    }
    let chain = BuiltChain(chain);
    Ok(chain.trusted_root().map(CertificateDer::from))
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

/// The bytes of a certificate.
///
/// # Safety
/// The context must be valid or null.
unsafe fn der_of(context: *const CERT_CONTEXT) -> Option<Vec<u8>> {
    // SAFETY: a valid context holds as many bytes as it says.
    unsafe {
        let context = context.as_ref().filter(|context| !context.pbCertEncoded.is_null())?;
        Some(slice::from_raw_parts(context.pbCertEncoded, context.cbCertEncoded as usize).to_vec())
    }
}

/// A certificate in the system's keeping.
struct Certificate(*const CERT_CONTEXT);

impl Certificate {
    fn from_der(der: &[u8]) -> Result<Self, CallError> {
        let length = u32::try_from(der.len()).unwrap_or(0);
        // SAFETY: the bytes outlive the call, which copies them.
        let context = unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), length) };
        if context.is_null() { Err(CallError::last("CertCreateCertificateContext")) } else { Ok(Self(context)) }
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        // SAFETY: the context is this one's own and is freed only here.
        unsafe { CertFreeCertificateContext(self.0) };
    }
}

/// An open store.
struct Store(HCERTSTORE);

impl Store {
    /// One of the system's, to be read.
    fn of_system(name: &StoreName) -> Result<Self, CallError> {
        let location = match name.location {
            Location::LocalMachine => CERT_SYSTEM_STORE_LOCAL_MACHINE,
            Location::CurrentUser => CERT_SYSTEM_STORE_CURRENT_USER,
        };
        let flags = location | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG;
        let name = wide(&name.name);
        // SAFETY: for this provider the parameter is a text that ends with NUL; it outlives the call.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, name.as_ptr().cast()) };
        if store.is_null() { Err(CallError::last("CertOpenStore")) } else { Ok(Self(store)) }
    }

    /// One in memory, for the certificates that were shown beside the leaf. What is no certificate is left out.
    fn of_certificates(ders: &[Vec<u8>]) -> Result<Self, CallError> {
        // SAFETY: this provider needs no parameter.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, ptr::null()) };
        if store.is_null() {
            return Err(CallError::last("CertOpenStore"));
        }
        let store = Self(store);
        for der in ders {
            let length = u32::try_from(der.len()).unwrap_or(0);
            // SAFETY: the store is open; the bytes outlive the call, which copies them; no context is asked back.
            unsafe {
                CertAddEncodedCertificateToStore(
                    store.0,
                    X509_ASN_ENCODING,
                    der.as_ptr(),
                    length,
                    CERT_STORE_ADD_ALWAYS,
                    ptr::null_mut(),
                )
            };
        }
        Ok(store)
    }

    /// The DER of what it holds; one more than the most, if there are more.
    fn certificates(&self) -> Vec<Vec<u8>> {
        let mut ders = Vec::new();
        let mut context: *const CERT_CONTEXT = ptr::null();
        loop {
            // SAFETY: the store is open; the context before, which the call frees, is its own or null.
            context = unsafe { CertEnumCertificatesInStore(self.0, context) };
            if context.is_null() {
                return ders;
            }
            // SAFETY: a context that was just returned is valid.
            ders.extend(unsafe { der_of(context) });
            if ders.len() > MAX_CERTIFICATES {
                drop(Certificate(context));
                return ders;
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: the store is this one's own and is closed only here; contexts of it are copied, or freed before.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// The most certificates of a store that are read.
const MAX_CERTIFICATES: usize = 1_000;

/// What a chain must not be for its last certificate to be a root that Windows trusts.
const NO_TRUSTED_ROOT: u32 =
    CERT_TRUST_IS_UNTRUSTED_ROOT | CERT_TRUST_IS_PARTIAL_CHAIN | CERT_TRUST_IS_CYCLIC | CERT_TRUST_IS_EXPLICIT_DISTRUST;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Facts, ca, chain, three};

    const PATIENCE: Duration = Duration::ZERO;

    #[test]
    fn a_root_of_the_system_is_trusted_as_itself() {
        let roots = certificates(&"LocalMachine\\Root".parse().unwrap()).unwrap();
        let chains = roots.iter().filter_map(|der| Chain::from_ders([der.as_slice()]).ok());
        let trusted = |chain: &Chain| {
            let root = trusted_root(chain, PATIENCE).unwrap();
            root.is_some_and(|root| root.as_ref() == chain.leaf().der)
        };
        assert!(roots.is_empty() || chains.filter(trusted).count() > roots.len() / 2, "{} roots", roots.len());
    }

    #[test]
    fn nobody_is_trusted_because_a_stranger_shows_a_root() {
        let [leaf, intermediate, root] = three(Facts::default(), ca("Issuing", (0, 90_000)), ca("Root", (0, 90_000)));
        for certificates in [vec![&leaf, &intermediate, &root], vec![&leaf], vec![&root]] {
            assert_eq!(trusted_root(&chain(certificates), PATIENCE).unwrap(), None);
        }
    }

    #[test]
    fn unreadable_when_there_is_no_such_store() {
        let failure = certificates(&"LocalMachine\\NoSuchStoreAsThis".parse().unwrap()).unwrap_err();
        assert_eq!(failure.class, Class::Unreadable);
        assert!(failure.summary.contains("LocalMachine\\NoSuchStoreAsThis"), "{}", failure.summary);
    }
}
