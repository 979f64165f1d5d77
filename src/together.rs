//! How are several things waited for at once? On the one thread there is, without tasks.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Lets all of `works` go on until the last one is done; their results are in the order of `works`.
///
/// Whenever one of them can go on, all are asked, which is cheap for the few dozen that there ever are.
pub async fn all<F: Future>(works: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut works: Vec<_> = works.into_iter().map(Work::pending).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for work in &mut works {
            if let Work::Pending(future) = work {
                match future.as_mut().poll(context) {
                    Poll::Ready(result) => *work = Work::Done(result),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    works.into_iter().filter_map(Work::result).collect()
}

enum Work<F: Future> {
    Pending(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Work<F> {
    fn pending(future: F) -> Self {
        Self::Pending(Box::pin(future))
    }

    fn result(self) -> Option<F::Output> {
        match self {
            Self::Pending(_) => None,
            Self::Done(result) => Some(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::time::Duration;

    #[test]
    fn results_keep_the_order_whoever_is_done_first() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let works = [20_u64, 0, 10].map(|wait| async move {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            wait
        });
        assert_eq!(runtime.block_on(all(works)), [20, 0, 10]);
        assert!(runtime.block_on(all(Vec::<std::future::Ready<()>>::new())).is_empty());
    }
}
