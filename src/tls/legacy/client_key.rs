//! How does SChannel come by the key of a client certificate? It signs in a process of its own, and opens the key there by name.
//!
//! So the key has to be in a key container of the user, which Windows keeps encrypted among the files of that user. It
//! is there for as long as its [`ClientKey`] lives. A run that is killed, or that the watchdog ends, leaves its
//! container behind: the next one removes it.

use std::io;

use schannel::cert_context::CertContext;

use crate::platform::random;
use crate::platform::windows::CallError;
use crate::platform::windows::key_container::{self, KeyContainer};
use crate::platform::windows::mutex::{self, NamedMutex};

/// The key of a client certificate where SChannel finds it.
pub(super) struct ClientKey {
    /// Removed before the mutex is.
    container: KeyContainer,
    /// Tells other runs that the container is in use.
    _in_use: NamedMutex,
}

impl ClientKey {
    /// The key of this PRIVATEKEYBLOB.
    pub(super) fn import(blob: &[u8]) -> Result<Self, CallError> {
        remove_abandoned()?;
        let number =
            random::u64().map_err(|error| CallError { call: "SystemRandom", error: io::Error::other(error) })?;
        let name = format!("{PREFIX}{number:016x}");
        let in_use = NamedMutex::create(&name)?;
        Ok(Self { container: KeyContainer::holding(&name, blob)?, _in_use: in_use })
    }

    /// The certificate `der` with this key, before which it must be gone.
    pub(super) fn certificate(&self, der: &[u8]) -> Result<CertContext, CallError> {
        self.container.certificate(der)
    }
}

/// Removes the containers of runs that could not do so. What fails here is left to the next run.
fn remove_abandoned() -> Result<(), CallError> {
    let ours = key_container::names()?.into_iter().filter(|name| name.starts_with(PREFIX));
    ours.filter(|name| !mutex::exists(name)).for_each(|name| key_container::remove(&name));
    Ok(())
}

/// What the names of our containers begin with.
const PREFIX: &str = "check-um client key ";

#[cfg(test)]
mod tests {
    use std::mem::ManuallyDrop;
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::tls::identity::certificates;

    const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-rsa.pem");
    const BLOB: &[u8] = include_bytes!("../../../tests/fixtures/x509/client-rsa-key.blob");

    /// Held by whoever looks at all containers of the user.
    static ALONE: Mutex<()> = Mutex::new(());

    fn ours() -> Vec<String> {
        key_container::names().unwrap().into_iter().filter(|name| name.starts_with(PREFIX)).collect()
    }

    #[test]
    fn the_key_of_a_certificate_is_there_as_long_as_the_container() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let key = ClientKey::import(BLOB).unwrap();
        assert_eq!(ours().len(), 1);
        let der = certificates(CERTIFICATE, None).unwrap().remove(0);
        let certificate = key.certificate(&der).unwrap();
        certificate.private_key().silent(true).compare_key(true).acquire().unwrap();
        drop((certificate, key));
        assert_eq!(ours(), [""; 0]);
    }

    #[test]
    fn only_what_no_process_uses_is_removed() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let _in_use = ClientKey::import(BLOB).unwrap();
        let in_use = ours();
        let [abandoned, foreign] = [format!("{PREFIX}of a killed run"), "another key".to_owned()];
        for name in [&abandoned, &foreign] {
            // As a run leaves it behind that is killed.
            let _ = ManuallyDrop::new(KeyContainer::holding(name, BLOB).unwrap());
        }
        assert!(ours().contains(&abandoned));
        remove_abandoned().unwrap();
        let left = key_container::names().unwrap();
        key_container::remove(&foreign);
        assert_eq!(ours(), in_use);
        assert!(left.contains(&foreign), "{left:?}");
    }

    #[test]
    fn a_key_that_is_not_taken_leaves_no_container() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(ClientKey::import(b"no key").err().unwrap().call, "CryptImportKey");
        assert_eq!(ours(), [""; 0]);
    }
}
