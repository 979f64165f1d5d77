//! What do certificates say, and what is that worth? Facts, chains and their judgement: no socket, no clock, no file.
//!
//! ```text
//! DER -> Certificate -> Chain -> judgement::judge(chain, expectations, now) -> Judgement
//! ```

pub mod certificate;
pub mod chain;
pub mod expiry;
pub mod judgement;
pub mod name;
pub mod verdict;

pub use certificate::Certificate;
pub use chain::Chain;
pub use expiry::Expiry;
