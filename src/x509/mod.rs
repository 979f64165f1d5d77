//! What do certificates say, and what is that worth? Facts, chains, trust and THE judgement, all without a socket or a clock.
//!
//! ```text
//! DER -> Certificate -> Chain -> judgement::judge(chain, expectations, verdict, now) -> Judgement
//!                         `----> trust::Anchors::verdict(chain, now) ---'
//! ```

pub mod bundle;
pub mod certificate;
pub mod chain;
pub mod collection;
pub mod expiry;
pub mod judgement;
pub mod name;
pub mod pem;
pub mod roots;
pub mod store;
pub mod trust;
#[cfg(windows)]
mod windows;

pub use certificate::Certificate;
pub use chain::Chain;
pub use expiry::Expiry;
