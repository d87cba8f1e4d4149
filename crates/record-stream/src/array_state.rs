use crate::Reason;
use crate::scanner::Scanner;

const BYTE_ORDER_MARK: &[u8; 3] = b"\xEF\xBB\xBF";

/// Where in the JSON array the parser is. It knows only the array itself: a [`Scanner`] finds the end of each record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ArrayState {
    /// Before the array, after this many bytes of a byte order mark.
    ByteOrderMark(usize),
    /// Before the array, where a byte order mark is no longer allowed.
    BeforeArray,
    /// After the opening bracket.
    AfterOpen,
    /// In a record: its bytes go to the scanner, not to [`ArrayState::step`].
    Record(Scanner),
    AfterRecord,
    AfterComma,
    AfterClose,
}

impl ArrayState {
    /// The state after `byte`, which must be outside the records or the first byte of one.
    pub(crate) fn step(self, byte: u8) -> Result<Self, Reason> {
        match (self, byte) {
            (Self::ByteOrderMark(read @ 0..3), _) if byte == BYTE_ORDER_MARK[read] => Ok(Self::ByteOrderMark(read + 1)),
            // A byte order mark may be missing (0) or complete (3), but not partial.
            (Self::ByteOrderMark(0 | 3) | Self::BeforeArray, b' ' | b'\n' | b'\r' | b'\t') => Ok(Self::BeforeArray),
            (Self::ByteOrderMark(0 | 3) | Self::BeforeArray, b'[') => Ok(Self::AfterOpen),
            (Self::ByteOrderMark(_) | Self::BeforeArray, _) => Err(Reason::NotAnArray(byte)),

            (_, b' ' | b'\n' | b'\r' | b'\t') => Ok(self),
            (Self::AfterOpen | Self::AfterRecord, b']') => Ok(Self::AfterClose),
            (Self::AfterOpen | Self::AfterComma, _) => {
                Scanner::for_record(byte).map(Self::Record).ok_or(Reason::UnexpectedByte(byte))
            }
            (Self::AfterRecord, b',') => Ok(Self::AfterComma),
            (Self::AfterRecord | Self::Record(_), _) => Err(Reason::UnexpectedByte(byte)),
            (Self::AfterClose, _) => Err(Reason::TrailingData),
        }
    }

    /// The state after a `byte` that is not allowed here, for a stream that salvages: a record may begin wherever none is
    /// open, and everything else is skipped.
    pub(crate) fn resume(self, byte: u8) -> Self {
        match self {
            Self::ByteOrderMark(_) | Self::BeforeArray if byte == b'[' => Self::AfterOpen,
            Self::ByteOrderMark(_) | Self::BeforeArray => Self::BeforeArray,
            Self::AfterOpen | Self::AfterComma | Self::AfterRecord => {
                // A scalar cannot be told from the rest of a broken record.
                let begins = matches!(byte, b'{' | b'[');
                Scanner::for_record(byte).filter(|_| begins).map_or(Self::AfterRecord, Self::Record)
            }
            Self::Record(_) | Self::AfterClose => self,
        }
    }

    /// Why the body must not end in this state; `None` if it may.
    pub(crate) fn unfinished(self) -> Option<Reason> {
        match self {
            Self::AfterClose => None,
            Self::ByteOrderMark(0 | 3) | Self::BeforeArray => Some(Reason::Empty),
            Self::ByteOrderMark(_) | Self::AfterOpen | Self::Record(_) | Self::AfterRecord | Self::AfterComma => {
                Some(Reason::Cut)
            }
        }
    }
}
