//! How does SChannel come by the key of a client certificate? It signs in a process of its own, and opens the key there by name.
//!
//! So the key has to be in a key container of the user, which Windows keeps encrypted among the files of that user. It
//! is there for as long as its [`KeyContainer`] lives. A run that is killed, or that the watchdog ends, leaves its
//! container behind: the next one removes it.
#![allow(unsafe_code, reason = "key containers are listed and deleted through the C functions of CryptoAPI only")]

use std::ffi::CStr;
use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::ptr;

use schannel::RawPointer;
use schannel::cert_context::{CertContext, KeySpec};
use schannel::crypt_prov::{AcquireOptions, CryptProv, ProviderType};
use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_DELETEKEYSET, CRYPT_FIRST, CRYPT_NEXT, CRYPT_SILENT, CertCreateCertificateContext, CryptAcquireContextW,
    CryptDestroyKey, CryptGetProvParam, CryptImportKey, PP_ENUMCONTAINERS, X509_ASN_ENCODING,
};
use windows_sys::Win32::System::Threading::{CreateMutexW, OpenMutexW, SYNCHRONIZATION_SYNCHRONIZE};

use crate::platform::random::{self, NoRandomness};
use crate::platform::windows::{CallError, wide};

/// A key container of the user, removed when this is dropped.
pub struct KeyContainer {
    name: String,
    /// Tells other runs that the container is in use. The system removes it with this process, whatever ends that.
    _mutex: OwnedHandle,
}

impl KeyContainer {
    /// One that holds the key of this PRIVATEKEYBLOB.
    pub fn holding(blob: &[u8]) -> Result<Self, CallError> {
        remove_abandoned()?;
        let failed = |error: NoRandomness| CallError { call: "SystemRandom", error: io::Error::other(error) };
        let name = format!("{PREFIX}{:016x}", random::u64().map_err(failed)?);
        let container = Self { _mutex: mutex(&name)?, name };
        container.import(blob)?;
        Ok(container)
    }

    fn import(&self, blob: &[u8]) -> Result<(), CallError> {
        let provider = provider(AcquireOptions::new().container(&self.name).new_keyset(true))?;
        let (length, mut key) = (u32::try_from(blob.len()).unwrap_or(0), 0);
        // SAFETY: the provider is open, and the blob, which no other key encrypts, outlives the call.
        if unsafe { CryptImportKey(provider.as_ptr().addr(), blob.as_ptr(), length, 0, 0, &mut key) } == 0 {
            return Err(CallError::last("CryptImportKey"));
        }
        // SAFETY: the handle was just made, and nothing else closes it; the key stays in its container.
        unsafe { CryptDestroyKey(key) };
        Ok(())
    }

    /// The certificate `der` with the key of this container. It must be gone before the container is: it may have the
    /// container open.
    pub fn certificate(&self, der: &[u8]) -> Result<CertContext, CallError> {
        let length = u32::try_from(der.len()).unwrap_or(0);
        // Not by CertContext::new, which says X.509 and PKCS #7: Wine's SChannel shows nothing but X.509.
        // SAFETY: the bytes outlive the call, which copies them.
        let context = unsafe { CertCreateCertificateContext(X509_ASN_ENCODING, der.as_ptr(), length) };
        if context.is_null() {
            return Err(CallError::last("CertCreateCertificateContext"));
        }
        // SAFETY: the context was just made, and nothing else frees it.
        let certificate = unsafe { CertContext::from_ptr(context.cast()) };
        let mut key = certificate.set_key_prov_info();
        key.container(&self.name).provider(PROVIDER).type_(ProviderType::rsa_aes()).key_spec(KeySpec::key_exchange());
        key.silent(true).set().map_err(failed("CertSetCertificateContextProperty"))?;
        Ok(certificate)
    }
}

impl Drop for KeyContainer {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Removes the containers of runs that could not do so.
fn remove_abandoned() -> Result<(), CallError> {
    let ours = containers()?.into_iter().filter(|name| name.starts_with(PREFIX));
    ours.filter(|name| !is_in_use(name)).for_each(|name| remove(&name));
    Ok(())
}

/// The names of all containers of the user.
fn containers() -> Result<Vec<String>, CallError> {
    let provider = provider(AcquireOptions::new().verify_context(true))?;
    let (mut names, mut which) = (Vec::new(), CRYPT_FIRST);
    loop {
        let mut name = [0; MAX_NAME];
        let mut length = name.len() as u32;
        // SAFETY: the provider is open; the name has as many bytes as said, and both it and its length outlive the call.
        let found = unsafe {
            let provider = provider.as_ptr().addr();
            CryptGetProvParam(provider, PP_ENUMCONTAINERS, name.as_mut_ptr(), &mut length, which)
        };
        if found == 0 {
            return Ok(names);
        }
        names.extend(CStr::from_bytes_until_nul(&name).map(|name| name.to_string_lossy().into_owned()));
        which = CRYPT_NEXT;
    }
}

/// Removes a container. What fails here is left to the next run.
fn remove(name: &str) {
    let (name, provider) = (wide(name), wide(PROVIDER));
    let (kind, flags) = (ProviderType::rsa_aes().as_raw(), CRYPT_DELETEKEYSET | CRYPT_SILENT);
    // SAFETY: both names end with a NUL and outlive the call, which hands out no handle when it deletes.
    unsafe { CryptAcquireContextW(&mut 0, name.as_ptr(), provider.as_ptr(), kind, flags) };
}

/// Says that the container of this name is in use.
fn mutex(name: &str) -> Result<OwnedHandle, CallError> {
    let name = wide(&global(name));
    // SAFETY: the name ends with a NUL and outlives the call.
    let mutex = unsafe { CreateMutexW(ptr::null(), 0, name.as_ptr()) };
    if mutex.is_null() {
        return Err(CallError::last("CreateMutexW"));
    }
    // SAFETY: the handle was just made, and nothing else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(mutex) })
}

/// Whether a process says that the container is in use, be it one whose mutex we may not open.
fn is_in_use(name: &str) -> bool {
    let name = wide(&global(name));
    // SAFETY: the name ends with a NUL and outlives the call.
    let mutex = unsafe { OpenMutexW(SYNCHRONIZATION_SYNCHRONIZE, 0, name.as_ptr()) };
    if mutex.is_null() {
        return CallError::last("OpenMutexW").code() != ERROR_FILE_NOT_FOUND;
    }
    // SAFETY: the handle was just made, and nothing else closes it.
    drop(unsafe { OwnedHandle::from_raw_handle(mutex) });
    true
}

/// The mutex's name in all sessions of the machine: the user may be in several of them.
fn global(name: &str) -> String {
    format!(r"Global\{name}")
}

fn provider(options: &mut AcquireOptions) -> Result<CryptProv, CallError> {
    let acquired = options.provider(PROVIDER).silent(true).acquire(ProviderType::rsa_aes());
    acquired.map_err(failed("CryptAcquireContextW"))
}

fn failed(call: &'static str) -> impl FnOnce(io::Error) -> CallError {
    move |error| CallError { call, error }
}

/// What the names of our containers begin with.
const PREFIX: &str = "check-um client key ";

/// The provider of RSA that can sign with SHA-256, as TLS 1.2 wants it; those before it cannot.
const PROVIDER: &str = "Microsoft Enhanced RSA and AES Cryptographic Provider";

/// More than the longest name of a container, with its NUL, in bytes.
const MAX_NAME: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::tls::identity::certificates;

    const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-rsa.pem");
    const BLOB: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-rsa-key.blob");

    /// Held by whoever looks at all containers of the user.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn the_key_of_a_certificate_is_there_as_long_as_the_container() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let container = KeyContainer::holding(BLOB).unwrap();
        let name = container.name.clone();
        assert!(containers().unwrap().contains(&name));
        let der = certificates(CERTIFICATE).unwrap().remove(0);
        let certificate = container.certificate(&der).unwrap();
        certificate.private_key().silent(true).compare_key(true).acquire().unwrap();
        drop((certificate, container));
        assert!(!containers().unwrap().contains(&name));
    }

    #[test]
    fn only_what_no_process_uses_is_removed() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let in_use = KeyContainer::holding(BLOB).unwrap();
        let [abandoned, foreign] = [format!("{PREFIX}of a killed run"), "another key".to_owned()];
        for name in [&abandoned, &foreign] {
            provider(AcquireOptions::new().container(name).new_keyset(true)).unwrap();
        }
        remove_abandoned().unwrap();
        let left = containers().unwrap();
        remove(&foreign);
        assert!(left.contains(&in_use.name) && left.contains(&foreign), "{left:?}");
        assert!(!left.contains(&abandoned), "{left:?}");
    }

    #[test]
    fn a_key_that_is_not_taken_leaves_no_container() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(KeyContainer::holding(b"no key").err().unwrap().call, "CryptImportKey");
        assert!(!containers().unwrap().iter().any(|name| name.starts_with(PREFIX)));
    }
}
