//! What may still come of calls that have their answer? Each goes on beside whatever is done next, until nothing of it is left.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::future::{MaybeDone, join_all, maybe_done};

use super::called::Called;
use super::uac::CallUac;

/// Calls that are being taken back, or waited upon for another callee's 2xx, in the order in which they were made.
#[derive(Default)]
pub(super) struct Lingering<'a> {
    calls: Vec<MaybeDone<Finishing<'a>>>,
}

type Finishing<'a> = Pin<Box<dyn Future<Output = Called> + 'a>>;

impl<'a> Lingering<'a> {
    /// Goes on with `call`. Of too many, the oldest are waited for: each holds sockets.
    pub(super) async fn add(&mut self, call: CallUac<'a>) {
        self.calls.push(maybe_done(Box::pin(call.finish())));
        poll_fn(|context| match self.poll(context) {
            ..=MAX_AT_ONCE => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }

    /// Does `work`, and beside it what is left to be done of the calls.
    pub(super) async fn beside<W: Future>(&mut self, work: W) -> W::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.poll(context);
            work.as_mut().poll(context)
        })
        .await
    }

    /// What came of each, once nothing is left of any.
    pub(super) async fn finish(mut self) -> Vec<Called> {
        join_all(&mut self.calls).await;
        self.calls.iter_mut().filter_map(|call| Pin::new(call).take_output()).collect()
    }

    /// Goes on with each; how many are not over.
    fn poll(&mut self, context: &mut Context<'_>) -> usize {
        self.calls.iter_mut().map(|call| usize::from(Pin::new(call).poll(context).is_pending())).sum()
    }
}

/// How many calls linger at the same time, at most.
const MAX_AT_ONCE: usize = 16;
