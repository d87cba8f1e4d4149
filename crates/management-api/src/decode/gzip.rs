//! Content codings: gzip by any of its names, in several layers and members, declared or not.

use bytes::Bytes;
use collector::failure::{Failure, FailureKind};
use futures::io::{AsyncRead, AsyncReadExt, BufReader};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt, try_unfold};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use async_compression::futures::bufread::GzipDecoder;
use std::io;

/// The pieces of a body as they arrive.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, Failure>>;

/// No JSON, HTML or other text begins with these bytes, so gzip needs no declaration.
const GZIP: &[u8] = &[0x1F, 0x8B];

/// The decompressed body, piece by piece in constant memory.
///
/// # Errors
/// [`FailureKind::Transient`], here or in the stream: the body is declared gzip but is not, or ends early, or has a
/// coding that was not asked for.
pub(crate) async fn decompress(headers: &HeaderMap, mut body: Pieces) -> Result<Pieces, Failure> {
    for _ in 0..declared_layers(headers)? {
        let head = read_head(&mut body).await?;
        let is_empty = head.is_empty();
        body = prepend(head, body);
        // Responses without content may still declare the coding that they would have.
        if is_empty {
            return Ok(body);
        }
        body = gunzip(body);
    }
    let head = read_head(&mut body).await?;
    let is_gzip = head.starts_with(GZIP);
    body = prepend(head, body);
    Ok(if is_gzip { gunzip(body) } else { body })
}

/// How often the body is declared to be compressed.
fn declared_layers(headers: &HeaderMap) -> Result<usize, Failure> {
    /// Each layer costs a buffer and may multiply the size by a thousand.
    const MOST: usize = 3;
    let mut layers = 0;
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in String::from_utf8_lossy(value.as_bytes()).split(',') {
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => layers += 1,
                coding @ ("br" | "deflate" | "zstd" | "compress" | "x-compress" | "dcb" | "dcz" | "exi"
                | "pack200-gzip") => {
                    return Err(failure(&format!("has the coding {coding}, which was not asked for")));
                }
                // `identity`, and names that are no codings: some servers put the character set here.
                _ => {}
            }
        }
    }
    if layers > MOST {
        return Err(failure(&format!("is compressed {layers} times")));
    }
    Ok(layers)
}

/// The first two bytes or more; fewer if the body ends before.
async fn read_head(body: &mut Pieces) -> Result<Bytes, Failure> {
    let mut head = Vec::new();
    while head.len() < GZIP.len() {
        match body.try_next().await? {
            Some(piece) if head.is_empty() && piece.len() >= GZIP.len() => return Ok(piece),
            Some(piece) => head.extend_from_slice(&piece),
            None => break,
        }
    }
    Ok(head.into())
}

fn prepend(head: Bytes, body: Pieces) -> Pieces {
    stream::iter((!head.is_empty()).then_some(Ok(head))).chain(body).boxed()
}

/// The decompressed bytes of one layer of gzip, with any number of members.
fn gunzip(body: Pieces) -> Pieces {
    // Larger pieces than a TCP segment, and small enough that many blobs at a time do not count.
    const PIECE: usize = 32 * 1024;
    let mut decoder = GzipDecoder::new(BufReader::new(body.map_err(io::Error::other).into_async_read()));
    decoder.multiple_members(true);
    try_unfold(decoder, |mut decoder| async move {
        let piece = read_piece(&mut decoder, PIECE).await?;
        Ok((!piece.is_empty()).then_some((piece, decoder)))
    })
    .boxed()
}

async fn read_piece(decoder: &mut (impl AsyncRead + Unpin), length: usize) -> Result<Bytes, Failure> {
    let mut piece = vec![0; length];
    match decoder.read(&mut piece).await {
        Ok(read) => {
            piece.truncate(read);
            Ok(piece.into())
        }
        // Either the body's own failure, on its way through the decoder, or the decoder's.
        Err(error) => Err(error
            .downcast::<Failure>()
            .unwrap_or_else(|error| failure("is not complete, valid gzip").caused_by(error))),
    }
}

fn failure(problem: &str) -> Failure {
    Failure::new(FailureKind::Transient, format!("the body from Microsoft {problem}"))
}
