//! What do certificates say, and what is that worth? Facts, chains and their judgement: no socket, no clock, no file.
//!
//! ```text
//! DER -> Certificate -> Chain -> judgement::judge(chain, expectations, now) -> Judgement
//! ```

pub(crate) mod algorithm;
pub(crate) mod certificate;
pub(crate) mod chain;
pub(crate) mod distinguished_name;
pub mod expiry;
pub mod judgement;
pub(crate) mod metrics;
pub(crate) mod name;
pub(crate) mod parts;
pub(crate) mod scope;
pub(crate) mod usage;
pub mod verdict;

pub use certificate::Certificate;
pub use chain::Chain;
