//! Bodies of responses. The JSON array of a blob is written piece by piece while it is sent.

use bytes::Bytes;

use crate::records::slice::Content;

#[derive(Debug)]
pub(crate) enum Body {
    Text(Bytes),
    /// A JSON array that is written while it is sent.
    Records(RecordsBody),
}

impl Body {
    pub(crate) fn empty() -> Self {
        Body::Text(Bytes::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Body::Text(text) => text.is_empty(),
            Body::Records(records) => records.length() == 0,
        }
    }

    /// The whole text, before compression.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Body::Text(text) => text,
            Body::Records(records) => {
                let mut array = JsonArray::of(records);
                std::iter::from_fn(|| array.next()).flatten().collect()
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct RecordsBody {
    pub(crate) slices: Vec<Content>,
    pub(crate) gzip: bool,
    pub(crate) chunked: bool,
    pub(crate) spaced: bool,
    pub(crate) byte_order_mark: bool,
    /// The array is cut off after this many bytes, in a valid HTTP response.
    pub(crate) truncated_at: Option<u64>,
}

/// The approximate size of a piece in bytes.
const PIECE: usize = 64 * 1024;

impl RecordsBody {
    fn separators(&self) -> (&'static [u8], &'static [u8], &'static [u8]) {
        match (self.spaced, self.byte_order_mark) {
            (true, true) => (b"\xef\xbb\xbf[\r\n  ", b",\r\n  ", b"\r\n]\r\n"),
            (true, false) => (b"[\r\n  ", b",\r\n  ", b"\r\n]\r\n"),
            (false, true) => (b"\xef\xbb\xbf[", b",", b"]"),
            (false, false) => (b"[", b",", b"]"),
        }
    }

    /// The number of records.
    pub(crate) fn count(&self) -> u64 {
        self.slices.iter().map(Content::count).sum()
    }

    /// The exact size of the text in bytes.
    pub(crate) fn length(&self) -> u64 {
        let (open, between, close) = self.separators();
        let records: u64 = self.slices.iter().map(Content::bytes).sum();
        let whole = records + (open.len() + close.len()) as u64 + self.count().saturating_sub(1) * between.len() as u64;
        self.truncated_at.map_or(whole, |at| whole.min(at))
    }
}

/// Iterates over the pieces of the JSON array.
pub(crate) struct JsonArray {
    records: Box<dyn Iterator<Item = Bytes> + Send>,
    separators: (&'static [u8], &'static [u8], &'static [u8]),
    /// The separator before the next record; `None` once the array is closed.
    before: Option<&'static [u8]>,
    left: u64,
}

impl JsonArray {
    pub(crate) fn of(body: RecordsBody) -> Self {
        let separators = body.separators();
        JsonArray {
            records: Box::new(body.slices.into_iter().flat_map(|slice| slice.iter())),
            separators,
            before: Some(separators.0),
            left: body.truncated_at.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
        while piece.len() < PIECE
            && let Some(before) = self.before
        {
            match self.records.next() {
                Some(record) => {
                    piece.extend_from_slice(before);
                    piece.extend_from_slice(&record);
                    self.before = Some(self.separators.1);
                }
                None => {
                    // The array is still unopened if it has no records.
                    if before == self.separators.0 {
                        piece.extend_from_slice(before);
                    }
                    piece.extend_from_slice(self.separators.2);
                    self.before = None;
                }
            }
        }
        piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= piece.len() as u64;
        (!piece.is_empty()).then_some(piece)
    }
}
