//! A response over HTTP, whose body is decompressed as it is read.

use bytes::Bytes;
use collector::failure::{Failure, FailureKind};
use collector::tenant::Secret;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use reqwest::Response;

use crate::decode::gzip::{Pieces, decompress};
use crate::decode::redact::Credentials;
use crate::decode::response_head::ResponseHead;
use crate::error::{ErrorResponse, transport};

pub(crate) struct Received {
    pub(crate) head: ResponseHead,
    body: Pieces,
}

impl Received {
    /// `credential` is that of the request, which no message may show.
    pub(crate) fn new(response: Response, received_at: Timestamp, credential: &Secret) -> Self {
        let head = ResponseHead {
            status: response.status(),
            headers: response.headers().clone(),
            received_at,
            credentials: Credentials::of(credential.reveal()),
        };
        Self { head, body: response.bytes_stream().map_err(transport).boxed() }
    }

    /// A stream of the body, for a blob.
    pub(crate) async fn into_stream(self) -> Result<(ResponseHead, Pieces), Failure> {
        let body = decompress(&self.head.headers, self.body).await?;
        Ok((self.head, body))
    }

    /// The whole body, for anything but a blob.
    pub(crate) async fn into_bytes(self) -> Result<(ResponseHead, Vec<u8>), Failure> {
        /// A hundred times the largest page of a listing; bounds the memory.
        const LONGEST: usize = 32 * 1024 * 1024;
        let (head, mut pieces) = self.into_stream().await?;
        let mut body = Vec::new();
        while let Some(piece) = pieces.try_next().await? {
            body.extend_from_slice(&piece);
            if body.len() > LONGEST {
                let problem = format!("the body from Microsoft is longer than {LONGEST} bytes");
                return Err(Failure::new(FailureKind::Transient, problem));
            }
        }
        Ok((head, body))
    }

    /// The response as an error. A body that breaks off or cannot be decompressed counts as far as it can be read: the
    /// status alone is enough.
    pub(crate) async fn into_error(self) -> ErrorResponse {
        let Self { head, body } = self;
        let raw = beginning(body).await;
        let pieces = stream::iter([Ok(Bytes::from(raw.clone()))]).boxed();
        let decompressed = match decompress(&head.headers, pieces).await {
            Ok(pieces) => beginning(pieces).await,
            Err(_) => Vec::new(),
        };
        head.error(if decompressed.is_empty() { &raw } else { &decompressed })
    }
}

/// Far above the few hundred bytes of an error object; bounds the memory if the body is something else.
pub(crate) const LONGEST_ERROR: usize = 64 * 1024;

async fn beginning(mut pieces: Pieces) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < LONGEST_ERROR
        && let Some(Ok(piece)) = pieces.next().await
    {
        body.extend_from_slice(&piece);
    }
    body.truncate(LONGEST_ERROR);
    body
}
