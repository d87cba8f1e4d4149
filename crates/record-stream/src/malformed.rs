/// The body is not a JSON array of records. The message never quotes a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} of the body: {reason}")]
pub struct Malformed {
    /// The position in the body of the byte at fault, counted from 0; the length of the body if it is empty or cut off.
    ///
    /// Inside a record it is the first byte that is not allowed. One exception: a `\u` escape with an invalid digit is
    /// reported where its four digits end, up to three bytes late.
    pub offset: u64,
    pub reason: Reason,
}

/// Why a body is not an array of records: the reason of the first fault in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The body contains nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// The body begins with this byte, such as the `{` of an error object or the `<` of a web page.
    #[error("not a JSON array: expected '[', found '{}'", .0.escape_ascii())]
    NotAnArray(u8),
    /// The body ends before the array does. A record that is cut off is not checked.
    #[error("the body ends before the array does")]
    Cut,
    /// Outside the records: no record begins with this byte, or a comma is missing before it.
    #[error("unexpected '{}' between records", .0.escape_ascii())]
    UnexpectedByte(u8),
    /// The record around the offset is not valid JSON.
    #[error("the record is not valid JSON")]
    InvalidRecord,
    /// A string of the record around the offset is not UTF-8.
    #[error("the record is not valid UTF-8")]
    InvalidUtf8,
    /// Something other than white space follows the array.
    #[error("the body continues after the end of the array")]
    TrailingData,
}
