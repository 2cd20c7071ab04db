//! A connection that holds its place, and that ends when its peer stops reading.
//!
//! What is written waits in buffers of a fixed size; a peer that takes nothing of it for a while would hold them, and the
//! task that fills them, for ever. The clock runs only while a write is waiting.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Permit;

pub(super) struct Guarded<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits for the peer.
    deadline: Pin<Box<Sleep>>,
    waiting: bool,
    _permit: Permit,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, limit: Duration, permit: Permit) -> Self {
        Self { stream, limit, deadline: Box::pin(tokio::time::sleep(limit)), waiting: false, _permit: permit }
    }

    /// The outcome of a write, or an error where it has been waiting for too long. A flush is no sign of the peer: on TCP
    /// it always succeeds.
    fn judge(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.waiting = false;
            return outcome;
        }
        if !self.waiting {
            self.waiting = true;
            let deadline = Instant::now() + self.limit;
            self.deadline.as_mut().reset(deadline);
        }
        self.deadline
            .as_mut()
            .poll(context)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.judge(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::http::listener::admission::Admission;
    use crate::http::proxy::TrustedProxies;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_cut_off() {
        let admission = Admission::new(1, 1, TrustedProxies::default());
        let permit = admission.admit("192.0.2.1".parse().unwrap()).unwrap();
        let (ours, theirs) = tokio::io::duplex(16);
        let mut stream = Guarded::new(ours, Duration::from_secs(30), permit);
        let began = Instant::now();
        let error = stream.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
        drop(stream);
        assert_eq!(admission.counts().open, 0);
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_given_time_anew_with_each_byte_that_it_takes() {
        use tokio::io::AsyncReadExt as _;
        let admission = Admission::new(1, 1, TrustedProxies::default());
        let permit = admission.admit("192.0.2.1".parse().unwrap()).unwrap();
        let (ours, mut theirs) = tokio::io::duplex(1);
        let mut stream = Guarded::new(ours, Duration::from_secs(30), permit);
        let reader = tokio::spawn(async move {
            let mut bytes = Vec::new();
            while bytes.len() < 5 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                bytes.push(theirs.read_u8().await.expect("a byte"));
            }
            bytes
        });
        stream.write_all(&[1, 2, 3, 4, 5]).await.unwrap();
        assert_eq!(reader.await.unwrap(), [1, 2, 3, 4, 5]);
    }
}
