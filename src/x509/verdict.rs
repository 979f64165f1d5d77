//! Is a chain to be trusted? The answer, and the reasons against it.

/// Whether a chain is to be trusted, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody asked.
    #[default]
    NotJudged,
    /// It leads to a trust anchor.
    Trusted,
    /// The leaf itself is trusted: its fingerprint is the one given.
    Pinned,
    /// The leaf itself is trusted: it is one of the given anchors.
    AnchorItself,
    /// It is not to be trusted.
    Untrusted(Distrust),
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
    #[error("a signature of the chain is wrong")]
    BadSignature,
    /// A signature or key that is not accepted.
    #[error("the chain uses a signature algorithm or a key that is not accepted (RSA below 2048 bits, SHA-1)")]
    Algorithm,
    /// The leaf is not for servers.
    #[error("its extended key usage does not include server authentication")]
    Purpose,
    /// A certificate authority's certificate as a leaf.
    #[error("it is a certificate authority's, or no version 3 certificate")]
    NotALeaf,
    /// The validities do not overlap, so that the chain was good at no time.
    #[error("its certificates were at no time valid together")]
    NeverValid,
    /// A rule of RFC 5280 that is broken.
    #[error("it breaks a rule of RFC 5280: {0}")]
    Rule(String),
    /// There are no anchors to trust.
    #[error("there are no trust anchors: {0}")]
    NoAnchors(String),
    /// The fingerprint given is another one.
    #[error("its SHA-256 fingerprint is another one than given")]
    OtherFingerprint,
}
