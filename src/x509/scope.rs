//! Which certificates are judged? Those that were shown, those of the path to an anchor, or the leaf alone.

use super::certificate::{Certificate, Fingerprint};
use super::chain::Chain;
use super::verdict::{TrustedPath, Verdict};

/// How closely a chain is looked at, beyond what is expected of each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scrutiny<'a> {
    pub scope: Scope,
    /// The anchors that it should end at; none if any will do.
    pub anchors: &'a [Fingerprint],
}

/// Whose dates, keys and signatures are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything that was shown, and the anchor that it leads to.
    #[default]
    Shown,
    /// The leaf, its path to an anchor, and that; what was shown where there is no path.
    Path,
    Leaf,
}

/// A certificate that is judged, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'a> {
    pub certificate: &'a Certificate,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Leaf,
    /// Behind the leaf, from 1.
    Chain(usize),
    Anchor,
}

impl Judged<'_> {
    /// `certificate 'cas1.example.com'`, and behind the leaf its place: `chain certificate 1 'Example Issuing CA'`.
    pub(super) fn designation(&self) -> String {
        let name = self.certificate.name();
        match self.place {
            Place::Leaf => format!("certificate '{name}'"),
            Place::Chain(place) => format!("chain certificate {place} '{name}'"),
            Place::Anchor => format!("trust anchor '{name}'"),
        }
    }

    /// Whether `verdict` rests on it; all are suspect where nobody asked, or there is no way to an anchor.
    pub(super) fn is_relied_on(self, verdict: &Verdict) -> bool {
        let is_it = |other: &Certificate| self.certificate.der == other.der;
        match verdict {
            _ if self.place == Place::Leaf => true,
            Verdict::Trusted(path) => is_it(&path.anchor) || path.intermediates.iter().any(is_it),
            Verdict::Pinned | Verdict::AnchorItself => false,
            Verdict::NotJudged | Verdict::Untrusted(_) => true,
        }
    }
}

/// Those of `chain` that `scope` means, the leaf first, and behind them the anchor if nobody showed it; never empty.
pub(super) fn judged<'a>(chain: &'a Chain, verdict: &'a Verdict, scope: Scope) -> Vec<Judged<'a>> {
    let in_order = |certificates: Vec<&'a Certificate>| {
        let place = |place| if place == 0 { Place::Leaf } else { Place::Chain(place) };
        let judged = certificates.into_iter().enumerate();
        judged.map(|(number, certificate)| Judged { certificate, place: place(number) }).collect::<Vec<_>>()
    };
    match (scope, verdict) {
        (Scope::Leaf, _) | (Scope::Path, Verdict::Pinned | Verdict::AnchorItself) => in_order(vec![chain.leaf()]),
        (Scope::Path, Verdict::Trusted(path)) => {
            let TrustedPath { intermediates, anchor } = path.as_ref();
            let mut judged = in_order(std::iter::once(chain.leaf()).chain(intermediates).collect());
            judged.push(Judged { certificate: anchor, place: Place::Anchor });
            judged
        }
        (Scope::Shown | Scope::Path, _) => {
            let mut judged = in_order(chain.iter().collect());
            judged.extend(unshown_anchor(chain, verdict));
            judged
        }
    }
}

/// The anchor that the chain leads to, unless somebody showed it.
fn unshown_anchor<'a>(chain: &Chain, verdict: &'a Verdict) -> Option<Judged<'a>> {
    match verdict {
        Verdict::Trusted(path) if chain.iter().all(|shown| shown.der != path.anchor.der) => {
            Some(Judged { certificate: &path.anchor, place: Place::Anchor })
        }
        _ => None,
    }
}
