//! Where does Windows keep the private keys of a user? In key containers of CryptoAPI, encrypted among the user's files.
#![allow(
    unsafe_code,
    reason = "key containers are filled, listed and deleted through the C functions of CryptoAPI only"
)]

use std::ffi::CStr;
use std::io;

use schannel::RawPointer;
use schannel::cert_context::{CertContext, KeySpec};
use schannel::crypt_prov::{AcquireOptions, CryptProv, ProviderType};
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_DELETEKEYSET, CRYPT_FIRST, CRYPT_NEXT, CRYPT_SILENT, CryptAcquireContextW, CryptDestroyKey,
    CryptGetProvParam, CryptImportKey, PP_ENUMCONTAINERS,
};

use super::certificate_store::CertificateContext;
use super::{CallError, carried_out, wide};

/// A key container of the user, removed when this is dropped.
pub(crate) struct KeyContainer {
    name: String,
}

impl KeyContainer {
    /// A new one that holds the key of this PRIVATEKEYBLOB.
    pub(crate) fn holding(name: &str, blob: &[u8]) -> Result<Self, CallError> {
        let container = Self { name: name.to_owned() };
        container.import(blob)?;
        Ok(container)
    }

    fn import(&self, blob: &[u8]) -> Result<(), CallError> {
        let provider = provider(AcquireOptions::new().container(&self.name).new_keyset(true))?;
        let (length, mut key) = (u32::try_from(blob.len()).unwrap_or(0), 0);
        // SAFETY: the provider is open, and the blob, which no other key encrypts, outlives the call.
        let done = unsafe { CryptImportKey(provider.as_ptr().addr(), blob.as_ptr(), length, 0, 0, &mut key) };
        carried_out(done, "CryptImportKey")?;
        // SAFETY: the handle was just made, and nothing else closes it; the key stays in its container.
        unsafe { CryptDestroyKey(key) };
        Ok(())
    }

    /// The certificate `der` with the key of this container. It must be gone before the container is: it may have the
    /// container open.
    pub(crate) fn certificate(&self, der: &[u8]) -> Result<CertContext, CallError> {
        // Not by CertContext::new, which says X.509 and PKCS #7: Wine's SChannel shows nothing but X.509.
        let context = CertificateContext::from_der(der)?.into_raw();
        // SAFETY: the context was just made, and nothing else frees it.
        let certificate = unsafe { CertContext::from_ptr(context.cast_mut().cast()) };
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

/// The names of all containers of the user.
pub(crate) fn names() -> Result<Vec<String>, CallError> {
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

/// Removes a container, if that can be done.
pub(crate) fn remove(name: &str) {
    let (name, provider) = (wide(name), wide(PROVIDER));
    let (kind, flags) = (ProviderType::rsa_aes().as_raw(), CRYPT_DELETEKEYSET | CRYPT_SILENT);
    // SAFETY: both names end with a NUL and outlive the call, which hands out no handle when it deletes.
    unsafe { CryptAcquireContextW(&mut 0, name.as_ptr(), provider.as_ptr(), kind, flags) };
}

fn provider(options: &mut AcquireOptions) -> Result<CryptProv, CallError> {
    let acquired = options.provider(PROVIDER).silent(true).acquire(ProviderType::rsa_aes());
    acquired.map_err(failed("CryptAcquireContextW"))
}

fn failed(call: &'static str) -> impl FnOnce(io::Error) -> CallError {
    move |error| CallError { call, error }
}

/// The provider of RSA that can sign with SHA-256, as TLS 1.2 wants it; those before it cannot.
const PROVIDER: &str = "Microsoft Enhanced RSA and AES Cryptographic Provider";

/// More than the longest name of a container, with its NUL, in bytes.
const MAX_NAME: usize = 1_024;
