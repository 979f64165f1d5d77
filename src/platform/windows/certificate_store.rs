//! Which certificates does Windows keep? Those of its stores, and such as are put into one in memory.
#![allow(unsafe_code, reason = "certificate stores are there through their C functions only")]

use std::ptr;
use std::slice;

use windows_sys::Win32::Security::Cryptography::{
    CERT_CONTEXT, CERT_STORE_ADD_ALWAYS, CERT_STORE_OPEN_EXISTING_FLAG, CERT_STORE_PROV_MEMORY,
    CERT_STORE_PROV_SYSTEM_W, CERT_STORE_READONLY_FLAG, CERT_SYSTEM_STORE_CURRENT_USER,
    CERT_SYSTEM_STORE_LOCAL_MACHINE, CertAddEncodedCertificateToStore, CertCloseStore, CertCreateCertificateContext,
    CertEnumCertificatesInStore, CertFreeCertificateContext, CertOpenStore, HCERTSTORE, X509_ASN_ENCODING,
};

use super::{CallError, opened, wide};

pub(crate) struct CertificateStore(HCERTSTORE);

impl CertificateStore {
    /// One of the computer's, such as `My`, to be read.
    pub(crate) fn of_machine(name: &str) -> Result<Self, CallError> {
        Self::of_system(CERT_SYSTEM_STORE_LOCAL_MACHINE, name)
    }

    /// One of the user who runs this process, to be read.
    pub(crate) fn of_user(name: &str) -> Result<Self, CallError> {
        Self::of_system(CERT_SYSTEM_STORE_CURRENT_USER, name)
    }

    fn of_system(location: u32, name: &str) -> Result<Self, CallError> {
        let flags = location | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG;
        let name = wide(name);
        // SAFETY: for this provider the parameter is a text that ends with NUL; it outlives the call.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, name.as_ptr().cast()) };
        opened(store, "CertOpenStore").map(Self)
    }

    /// One in memory, of these certificates in DER. What is no certificate is left out.
    pub(crate) fn in_memory(ders: &[Vec<u8>]) -> Result<Self, CallError> {
        // SAFETY: this provider needs no parameter.
        let store = unsafe { CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, ptr::null()) };
        let store = Self(opened(store, "CertOpenStore")?);
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

    /// The DER of what it holds, in whatever order it keeps that, `most` certificates of them.
    pub(crate) fn certificates(&self, most: usize) -> Vec<Vec<u8>> {
        let mut ders = Vec::new();
        let mut context: *const CERT_CONTEXT = ptr::null();
        loop {
            // SAFETY: the store is open; the context before, which the call frees, is its own or null.
            context = unsafe { CertEnumCertificatesInStore(self.0, context) };
            if context.is_null() {
                return ders;
            }
            if ders.len() == most {
                drop(CertificateContext(context));
                return ders;
            }
            // SAFETY: a context that was just returned is valid.
            ders.extend(unsafe { der_of(context) });
        }
    }

    /// The store as the system knows it, for as long as this is there.
    pub(super) const fn handle(&self) -> HCERTSTORE {
        self.0
    }
}

impl Drop for CertificateStore {
    fn drop(&mut self) {
        // SAFETY: the store is this one's own and is closed only here; contexts of it are copied, or freed before.
        unsafe { CertCloseStore(self.0, 0) };
    }
}

/// A certificate in the system's keeping.
pub(super) struct CertificateContext(*const CERT_CONTEXT);

impl CertificateContext {
    /// Of a certificate in DER.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CallError> {
        let length = u32::try_from(der.len()).unwrap_or(0);
        // SAFETY: the bytes outlive the call, which copies them.
        let context = unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), length) };
        if context.is_null() { Err(CallError::last("CertCreateCertificateContext")) } else { Ok(Self(context)) }
    }

    /// The context as the system knows it, for as long as this is there.
    pub(super) const fn as_ptr(&self) -> *const CERT_CONTEXT {
        self.0
    }

    /// The context, which is the caller's to free from now on.
    pub(super) fn into_raw(self) -> *const CERT_CONTEXT {
        std::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for CertificateContext {
    fn drop(&mut self) {
        // SAFETY: the context is this one's own and is freed only here.
        unsafe { CertFreeCertificateContext(self.0) };
    }
}

/// The bytes of a certificate.
///
/// # Safety
/// The context must be valid or null.
pub(super) unsafe fn der_of(context: *const CERT_CONTEXT) -> Option<Vec<u8>> {
    // SAFETY: a valid context holds as many bytes as it says.
    unsafe {
        let context = context.as_ref().filter(|context| !context.pbCertEncoded.is_null())?;
        Some(slice::from_raw_parts(context.pbCertEncoded, context.cbCertEncoded as usize).to_vec())
    }
}
