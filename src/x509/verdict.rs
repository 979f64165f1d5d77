//! Is a chain to be trusted? The answer, and the reasons against it.

use super::algorithm::{Key, Signature};
use super::certificate::Certificate;

/// Whether a chain is to be trusted, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody asked.
    #[default]
    NotJudged,
    /// It leads to a trust anchor.
    Trusted(Box<TrustedPath>),
    /// The leaf itself is trusted: its fingerprint is the one given.
    Pinned,
    /// The leaf itself is trusted: it is one of the given anchors.
    AnchorItself,
    /// It is not to be trusted.
    Untrusted(Distrust),
}

impl Verdict {
    /// Whether it leads to a trust anchor.
    pub(crate) const fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted(_))
    }
}

/// How a chain leads to a trust anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedPath {
    /// What lies between the leaf and the anchor, the leaf's issuer first.
    pub intermediates: Vec<Certificate>,
    /// Where it ends.
    pub anchor: Certificate,
}

/// Why a chain is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// A self-signed leaf that is not among the anchors.
    #[error("it is self-signed, and no trust anchor")]
    SelfSigned,
    /// No anchor issued any of its certificates.
    #[error("no trust anchor has issued '{issuer}', with which the chain ends")]
    UnknownIssuer {
        /// The issuer that the last certificate names.
        issuer: String,
    },
    /// A signature does not fit.
    #[error(
        "'{subject}' is not signed with the key of the {whose} '{issuer}': another authority of that name, \
         or one that was renewed with a new key"
    )]
    BadSignature {
        /// By name, what is signed.
        subject: String,
        /// By name, the one that should have signed it.
        issuer: String,
        /// Whether that is the trust anchor or a certificate that was shown.
        whose: &'static str,
    },
    /// A signature whose hash can be forged.
    #[error("'{subject}' is signed with {signature}, which can be forged")]
    WeakSignature {
        /// By name, what is signed.
        subject: String,
        /// With what.
        signature: Signature,
    },
    /// An authority whose key is too short.
    #[error("the key of its authority '{issuer}' is {key}, expected at least {} bits", .key.least_bits())]
    ShortKey {
        /// By name, whose key it is.
        issuer: String,
        /// The key.
        key: Key,
    },
    /// A signature that may be right, and that nobody here can verify.
    #[error("'{subject}' is signed with {signature} under a key of {key}, which this check cannot verify")]
    Unverifiable {
        /// By name, what is signed.
        subject: String,
        /// The name of the algorithm, or its object identifier.
        signature: String,
        /// The key that it should be signed with.
        key: Key,
    },
    /// The leaf is not for servers.
    #[error(
        "its extended key usage or Netscape certificate type, or that of an authority, \
         does not include server authentication"
    )]
    Purpose,
    /// The leaf's key is not for TLS.
    #[error("its key usage allows none of what TLS uses a key for")]
    KeyUsage,
    /// Rules that others follow or pass over, and that are not known here.
    #[error("'{subject}' has {what}, which this check cannot follow")]
    Unfollowed {
        /// By name, whose they are.
        subject: String,
        /// What they are about.
        what: &'static str,
    },
    /// A certificate that is longer than webpki reads.
    #[error("'{subject}' is longer than 64 KiB, which this check cannot verify")]
    TooLong {
        /// By name, which one.
        subject: String,
    },
    /// More paths than anybody follows.
    #[error("there are too many ways from it to an authority for this check to try")]
    TooManyPaths,
    /// An issuer that is named in letters or an encoding that are not its own.
    #[error(
        "'{subject}' names its issuer '{issuer}' in other letters or another encoding than that has, \
         which this check does not follow"
    )]
    WrittenOtherwise {
        /// By name, what is signed.
        subject: String,
        /// By name, the one that has signed it.
        issuer: String,
    },
    /// An extension that must be understood and is not.
    #[error("'{subject}' has a critical extension that is not known: {extension}")]
    CriticalExtension {
        /// By name, whose it is.
        subject: String,
        /// Its object identifier.
        extension: String,
    },
    /// An extension about what a certificate is for that is malformed.
    #[error("the {extension} of '{subject}' cannot be read")]
    UnreadableExtension {
        /// By name, whose it is.
        subject: String,
        /// Its name.
        extension: &'static str,
    },
    /// A certificate authority's certificate as a leaf.
    #[error("it is a certificate authority's, or no version 3 certificate")]
    NotALeaf,
    /// The validities do not overlap, so that the chain was good at no time.
    #[error("its certificates were at no time valid together")]
    NeverValid,
    /// A name that an authority of the chain may not certify.
    #[error("it is for a name that one of its authorities may not certify (name constraints)")]
    NameConstraints,
    /// More intermediates than webpki follows.
    #[error("it leads over more than {MAX_INTERMEDIATES} intermediate certificates, which this check does not follow")]
    TooDeep,
    /// More authorities than one of them allows.
    #[error("there are more authorities in it than one of them allows (path length)")]
    PathLength,
    /// An intermediate that is no authority.
    #[error("one of its authorities may not issue certificates (basic constraints, key usage)")]
    NotAnAuthority,
    /// A rule of RFC 5280 that is broken.
    #[error("it breaks a rule of RFC 5280: {0}")]
    Rule(&'static str),
    /// A rule that webpki does not name, where an authority that issues itself a certificate has one name and two keys.
    #[error("its signatures are good, but a rule of RFC 5280 is broken (path length, name constraints, purpose)")]
    Hidden,
    /// A certificate that is known as one that nobody is to trust.
    #[error("the file of trust anchors rejects '{subject}' for servers")]
    Rejected {
        /// By name, whose it is.
        subject: String,
    },
    /// Certificates were given, of which none can be an anchor.
    #[error("none of the certificates given can be a trust anchor for servers")]
    NoUsableAnchors,
    /// There are no anchors to trust.
    #[error("there are no trust anchors: {0}")]
    NoAnchors(String),
    /// An anchor that cannot be read, and that may decide.
    #[error("a trust anchor cannot be read: {place}")]
    UnreadAnchor {
        /// The file, the line and what was expected there.
        place: String,
    },
    /// The fingerprint given is another one.
    #[error("its SHA-256 fingerprint is another one than given")]
    OtherFingerprint,
}

impl Distrust {
    /// Whether the chain may be good, and only nobody here can tell.
    pub(crate) const fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::Unverifiable { .. }
                | Self::Unfollowed { .. }
                | Self::TooLong { .. }
                | Self::TooManyPaths
                | Self::WrittenOtherwise { .. }
                | Self::UnreadAnchor { .. }
        )
    }
}

/// As many webpki follows.
const MAX_INTERMEDIATES: usize = 6;
