//! Connections that can be made to break, and that write one header the way Microsoft does.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Accepts connections until it is closed.
pub(crate) struct BreakableListener {
    pub(crate) listener: TcpListener,
    /// Set when the simulator is gone: connections still open then break.
    pub(crate) closed: Arc<AtomicBool>,
}

impl Listener for BreakableListener {
    type Io = BreakableConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BreakableConnection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers go out in pieces: waiting for acknowledgements between them would cost 40 ms each.
        let _ = stream.set_nodelay(true);
        let breaker = ConnectionBreaker { broken: Arc::default(), closed: Arc::clone(&self.closed) };
        (BreakableConnection { stream, breaker }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Breaks one connection.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionBreaker {
    broken: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
}

impl ConnectionBreaker {
    /// Not a byte more goes out on this connection.
    pub(crate) fn break_connection(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        if self.broken.load(Ordering::Relaxed) || self.closed.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for ConnectionBreaker {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.io().breaker.clone()
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct BreakableConnection {
    stream: TcpStream,
    breaker: ConnectionBreaker,
}

impl AsyncRead for BreakableConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.breaker.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for BreakableConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.breaker.check()?;
        match with_microsofts_header_case(buf) {
            Some(head) => Pin::new(&mut self.stream).poll_write(cx, &head),
            None => Pin::new(&mut self.stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.breaker.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The head of an answer with `NextPageUri` spelled as it is live: the HTTP library only writes lower case. The length
/// stays the same, so what is reported as written stays true.
fn with_microsofts_header_case(buf: &[u8]) -> Option<Vec<u8>> {
    const LOWER: &[u8] = b"\r\nnextpageuri: ";
    if !buf.starts_with(b"HTTP/1.1 ") {
        return None;
    }
    let end = buf.windows(4).position(|window| window == b"\r\n\r\n")?;
    let at = buf.get(..end)?.windows(LOWER.len()).position(|window| window == LOWER)?;
    let mut head = buf.to_vec();
    head.get_mut(at..at + LOWER.len())?.copy_from_slice(b"\r\nNextPageUri: ");
    Some(head)
}
