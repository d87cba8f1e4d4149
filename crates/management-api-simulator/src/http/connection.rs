//! Connections that can be broken on purpose, and that spell one header as Microsoft does.

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
    /// Set when the simulator stops: it breaks the connections that are still open.
    pub(crate) closed: Arc<AtomicBool>,
}

impl Listener for BreakableListener {
    type Io = BreakableConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BreakableConnection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Bodies are written in pieces. With Nagle's algorithm, each would wait about 40 ms for an acknowledgement.
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
    /// Makes every further read and write on the connection fail.
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

/// Returns the head of a response with `NextPageUri` spelled as the live service does, because the HTTP library only
/// writes lower-case names. The length does not change, so the reported number of written bytes stays correct.
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
