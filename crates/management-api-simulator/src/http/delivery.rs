//! The transmission of a body: compressed, delayed, and cut off as faults demand.

use std::{
    io::{self, Write},
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::{Stream, stream};

use crate::http::body::{Body, JsonArray};

/// Transport faults of a response. Sizes are bytes of the body as it is transmitted, after compression.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Delivery {
    /// The connection closes without a response.
    pub(crate) dropped: bool,
    /// The delay before the head is sent.
    pub(crate) head_delay: Option<Duration>,
    /// A pause within the body: after how many bytes, and how long.
    pub(crate) pause: Option<(u64, Duration)>,
    /// The connection closes after this many bytes of the body, or before its last one.
    pub(crate) cut_after: Option<u64>,
}

/// The bytes of the body as they are transmitted.
pub(crate) fn stream(body: Body, delivery: Delivery) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let outgoing = Outgoing { length: length(&body), pieces: Pieces::of(body), piece: Bytes::new(), sent: 0, delivery };
    stream::unfold(Some(outgoing), |outgoing| async move { outgoing?.next().await })
}

/// The value of `Content-Length`; `None` for a chunked body.
pub(crate) fn length(body: &Body) -> Option<u64> {
    match body {
        Body::Text(text) => Some(text.len() as u64),
        Body::Records(records) if records.gzip || records.chunked => None,
        Body::Records(records) => Some(records.length()),
    }
}

struct Outgoing {
    pieces: Pieces,
    length: Option<u64>,
    piece: Bytes,
    sent: u64,
    delivery: Delivery,
}

impl Outgoing {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Option<Self>)> {
        if self.piece.is_empty() {
            self.piece = self.pieces.next().unwrap_or_default();
        }
        if let Some((after, pause)) = self.delivery.pause
            && self.reached(after)
        {
            self.delivery.pause = None;
            tokio::time::sleep(pause).await;
        }
        if self.delivery.cut_after.is_some_and(|after| self.reached(after)) {
            // The server flushes what it has buffered only while it waits for the next piece; the error then closes the
            // connection.
            tokio::task::yield_now().await;
            return Some((Err(io::ErrorKind::ConnectionAborted.into()), None));
        }
        let pause_after = self.delivery.pause.map(|(after, _)| after);
        let next_fault_at = [pause_after, self.delivery.cut_after].into_iter().flatten().min();
        let max_bytes = next_fault_at.map_or(u64::MAX, |after| self.effective_offset(after).saturating_sub(self.sent));
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let chunk = self.piece.split_to(max_bytes.min(self.piece.len()));
        self.sent += chunk.len() as u64;
        if chunk.is_empty() { None } else { Some((Ok(chunk), Some(self))) }
    }

    fn reached(&self, after: u64) -> bool {
        self.effective_offset(after) <= self.sent || self.piece.is_empty()
    }

    /// The offset at which a fault happens: at the latest before the last byte of a body with a known length, because
    /// after that byte the client waits for nothing.
    fn effective_offset(&self, after: u64) -> u64 {
        self.length.map_or(after, |length| after.min(length.saturating_sub(1)))
    }
}

enum Pieces {
    Whole(Option<Bytes>),
    Plain(Box<JsonArray>),
    Compressed(Box<JsonArray>, Option<Box<GzEncoder<Vec<u8>>>>),
}

impl Pieces {
    fn of(body: Body) -> Self {
        match body {
            Body::Text(text) => Pieces::Whole(Some(text)),
            Body::Records(records) => {
                let gzip = records.gzip;
                let text = Box::new(JsonArray::of(records));
                if gzip {
                    Pieces::Compressed(text, Some(Box::new(GzEncoder::new(Vec::new(), Compression::fast()))))
                } else {
                    Pieces::Plain(text)
                }
            }
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        match self {
            Pieces::Whole(text) => text.take(),
            Pieces::Plain(text) => text.next().map(Bytes::from),
            Pieces::Compressed(text, encoder) => loop {
                let Some(plain) = text.next() else {
                    break finish(encoder.take()?);
                };
                let encoder = encoder.as_mut()?;
                encoder.write_all(&plain).ok()?;
                if !encoder.get_ref().is_empty() {
                    break Some(std::mem::take(encoder.get_mut()).into());
                }
            },
        }
    }
}

fn finish(encoder: Box<GzEncoder<Vec<u8>>>) -> Option<Bytes> {
    encoder.finish().ok().map(Bytes::from)
}
