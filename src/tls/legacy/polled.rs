//! How does a library that reads and writes by itself get along with a runtime? Told to come again where it would have to wait.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An asynchronous stream with the interface of a blocking one: what would have to wait fails with
/// [`ErrorKind::WouldBlock`], and the last task that was given to [`Polled::wakes`] is woken when another try is due.
#[derive(Debug)]
pub(super) struct Polled<S> {
    stream: S,
    waker: Waker,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Polled<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, waker: Waker::noop().clone() }
    }

    /// Wakes the task of `context` from now on.
    pub(super) fn wakes(&mut self, context: &Context<'_>) {
        self.waker.clone_from(context.waker());
    }

    fn poll<T>(&mut self, poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>) -> io::Result<T> {
        match poll(Pin::new(&mut self.stream), &mut Context::from_waker(&self.waker)) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Read for Polled<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        self.poll(|stream, context| stream.poll_read(context, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Polled<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.poll(|stream, context| stream.poll_write(context, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.poll(|stream, context| stream.poll_flush(context))
    }
}

/// What a try of a blocking interface means to a runtime.
pub(super) fn polled<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn what_would_wait_is_tried_again_when_it_is_due() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(4);
            let mut ours = Polled::new(ours);
            assert_eq!(ours.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(ours.write(b"abcdef").unwrap(), 4);
            assert_eq!(ours.write(b"ef").unwrap_err().kind(), ErrorKind::WouldBlock);

            let talk = tokio::spawn(async move {
                let mut buffer = [0; 4];
                theirs.read_exact(&mut buffer).await.unwrap();
                theirs.write_all(&buffer).await.unwrap();
            });
            let mut heard = Vec::new();
            loop {
                let mut buffer = [0; 8];
                let tried = poll_fn(|context| {
                    ours.wakes(context);
                    polled(ours.read(&mut buffer))
                });
                match tried.await.unwrap() {
                    0 => break,
                    count => heard.extend_from_slice(&buffer[..count]),
                }
            }
            talk.await.unwrap();
            assert_eq!(heard, b"abcd");
        });
    }

    #[test]
    fn what_is_kept_back_goes_out_when_it_is_wanted() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(4);
            let mut ours = Polled::new(tokio::io::BufStream::new(ours));
            ours.write_all(b"abcd").unwrap();
            ours.flush().unwrap();
            drop(ours);
            let mut heard = Vec::new();
            theirs.read_to_end(&mut heard).await.unwrap();
            assert_eq!(heard, b"abcd");
        });
    }

    #[test]
    fn what_fails_is_over_and_what_would_wait_is_not() {
        let kind = |kind: ErrorKind| polled::<()>(Err(kind.into())).map_err(|error| error.kind());
        assert_eq!(kind(ErrorKind::WouldBlock), Poll::Pending);
        assert_eq!(kind(ErrorKind::ConnectionReset), Poll::Ready(Err(ErrorKind::ConnectionReset)));
    }
}
