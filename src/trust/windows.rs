//! Which root does Windows trust for a chain? One that it has, or fetches when it is asked for it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use crate::platform::windows::CallError;
use crate::platform::windows::certificate_chain::{self, Roots};
use crate::x509::Chain;

/// The root that Windows trusts to have issued `chain` for servers; `None` if it trusts none, or does not tell within
/// `patience`.
///
/// Windows brings only a few roots along and fetches the others when it is asked for them. That alone may go to the
/// network: not the addresses that the chain itself names, which a stranger has chosen.
pub(super) fn trusted_root(chain: &Chain, patience: Duration) -> Result<Option<CertificateDer<'static>>, CallError> {
    let ders: Vec<_> = chain.iter().map(|certificate| certificate.der.clone()).collect();
    let root = certificate_chain::trusted_root(&ders, Roots::Present, patience)?;
    // A certificate that issued itself is known, or it is nobody's root.
    let is_final = root.is_some() || chain.leaf().is_self_issued() || patience.is_zero();
    let root = if is_final { root } else { fetched(ders, patience)? };
    Ok(root.map(CertificateDer::from))
}

/// The root with those that Windows can fetch, in a thread of its own: the call may take longer than it is told to.
fn fetched(ders: Vec<Vec<u8>>, patience: Duration) -> Result<Option<Vec<u8>>, CallError> {
    let (sender, receiver) = mpsc::channel();
    let fetching = move || {
        // Nobody may wait for it any more.
        let _ = sender.send(certificate_chain::trusted_root(&ders, Roots::Fetched, patience));
    };
    match thread::Builder::new().name("root".to_owned()).spawn(fetching) {
        Ok(_) => receiver.recv_timeout(patience).unwrap_or(Ok(None)),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::store;
    use crate::x509::chain::tests::{Template, ca, chain, three};

    const PATIENCE: Duration = Duration::ZERO;

    #[test]
    fn a_root_of_the_system_is_trusted_as_itself() {
        let roots = store::read(&"LocalMachine\\Root".parse().unwrap()).unwrap();
        let chains = roots.iter().filter_map(|der| Chain::from_ders([der.as_slice()]).ok());
        let trusted = |chain: &Chain| {
            let root = trusted_root(chain, PATIENCE).unwrap();
            root.is_some_and(|root| root.as_ref() == chain.leaf().der)
        };
        assert!(roots.is_empty() || chains.filter(trusted).count() > roots.len() / 2, "{} roots", roots.len());
    }

    #[test]
    fn nobody_is_trusted_because_a_stranger_shows_a_root() {
        let [leaf, intermediate, root] =
            three(Template::default(), ca("Issuing", (0, 90_000)), ca("Root", (0, 90_000)));
        for certificates in [vec![&leaf, &intermediate, &root], vec![&leaf], vec![&root]] {
            assert_eq!(trusted_root(&chain(certificates), PATIENCE).unwrap(), None);
        }
    }
}
