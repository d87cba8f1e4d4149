use crate::Reason;
use crate::scanner::Scanner;

const BYTE_ORDER_MARK: &[u8; 3] = b"\xEF\xBB\xBF";

/// Where in the array the next byte is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ArrayState {
    /// Before the array, after this many bytes of a byte order mark.
    Mark(usize),
    /// Before the array, where no byte order mark may be any more.
    Before,
    /// After the opening bracket.
    Opened,
    /// In a record, whose bytes are the scanner's and not for [`ArrayState::step`].
    Record(Scanner),
    AfterRecord,
    AfterComma,
    Closed,
}

impl ArrayState {
    /// Where the array stands after a byte outside its records; in a record, if that byte is the first of one.
    pub(crate) fn step(self, byte: u8) -> Result<Self, Reason> {
        match (self, byte) {
            (Self::Mark(read @ 0..3), _) if byte == BYTE_ORDER_MARK[read] => Ok(Self::Mark(read + 1)),
            (Self::Mark(0 | 3) | Self::Before, b' ' | b'\n' | b'\r' | b'\t') => Ok(Self::Before),
            (Self::Mark(0 | 3) | Self::Before, b'[') => Ok(Self::Opened),
            (Self::Mark(_) | Self::Before, _) => Err(Reason::NotAnArray(byte)),

            (_, b' ' | b'\n' | b'\r' | b'\t') => Ok(self),
            (Self::Opened | Self::AfterRecord, b']') => Ok(Self::Closed),
            (Self::Opened | Self::AfterComma, _) => {
                Scanner::for_record(byte).map(Self::Record).ok_or(Reason::UnexpectedByte(byte))
            }
            (Self::AfterRecord, b',') => Ok(Self::AfterComma),
            (Self::AfterRecord | Self::Record(_), _) => Err(Reason::UnexpectedByte(byte)),
            (Self::Closed, _) => Err(Reason::TrailingData),
        }
    }

    /// Why the body must not end here, if it must not.
    pub(crate) fn unfinished(self) -> Option<Reason> {
        match self {
            Self::Closed => None,
            Self::Mark(0 | 3) | Self::Before => Some(Reason::Empty),
            Self::Mark(_) | Self::Opened | Self::Record(_) | Self::AfterRecord | Self::AfterComma => Some(Reason::Cut),
        }
    }
}
