//! What is measured of a chain? What is left of each certificate, and which of that the thresholds judge.

use super::expiry::{Expiries, Remaining};
use super::scope::Place;
use crate::report::Metric;

/// Every metric of what is left of certificates, the leaf's first; of none, those of a chain of which nothing is known.
pub(super) fn metrics(remaining: &[(Place, Remaining)], expiries: &Expiries) -> Vec<Metric> {
    let unjudged = Expiries::default();
    let leaf = leaf(remaining);
    let mut metrics = vec![expiries.days("days_left", earliest(remaining)), unjudged.days("leaf_days_left", leaf)];
    for &(place, left) in remaining {
        let label = match place {
            Place::Chain(place @ ..=MAX_CHAIN_METRICS) => format!("chain_{place}_days_left"),
            Place::Anchor => "anchor_days_left".to_owned(),
            Place::Leaf | Place::Chain(_) => continue,
        };
        metrics.push(unjudged.days(&label, Some(left)));
    }
    metrics.push(expiries.lifetime("leaf_lifetime_left", leaf));
    metrics
}

pub(super) fn leaf(remaining: &[(Place, Remaining)]) -> Option<Remaining> {
    remaining.first().map(|(_, left)| *left)
}

pub(super) fn earliest(remaining: &[(Place, Remaining)]) -> Option<Remaining> {
    remaining.iter().map(|(_, left)| *left).min_by_key(|left| left.seconds)
}

/// Longer chains exist in bundles only, where one metric for the earliest says it all.
const MAX_CHAIN_METRICS: usize = 10;
