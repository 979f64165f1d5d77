//! What do the performance counters of Windows say now? By their English names, of this host or another.

use super::{CounterError, Query, Reading, Source};

/// The performance counters of the system; of another host with [`Query::host`].
#[derive(Clone, Copy, Debug)]
pub struct Pdh;

impl Source for Pdh {
    async fn read<const N: usize>(&self, _: &Query<N>) -> Result<Reading<N>, CounterError> {
        Err(CounterError::NeedsWindows)
    }
}
