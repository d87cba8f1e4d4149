/// The body is not a JSON array of records. The message is for a person and never quotes a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} of the body: {reason}")]
pub struct Malformed {
    /// The byte at fault, counted in bytes of the body from 0; the length of the body if it is empty or cut.
    ///
    /// Inside a record it is the first byte that cannot be there, white space included in the count. One exception: a
    /// `\u` escape with a bad digit is reported where its four digits end, up to three bytes late.
    pub offset: u64,
    /// What is wrong there.
    pub reason: Reason,
}

/// Why a body is not an array of records. Exactly one applies: that of the first fault in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The body ended and held nothing but white space.
    #[error("the body is empty")]
    Empty,
    /// The body begins with this byte: an error object (`{`) or a web page (`<`), say.
    #[error("not a JSON array, '[' was expected and not '{}'", .0.escape_ascii())]
    NotAnArray(u8),
    /// The body ended before the array did. A record that has not ended is not looked into.
    #[error("the body ends before its array does")]
    Cut,
    /// Between two records: no record begins with this byte, or no comma came before it.
    #[error("'{}' is out of state between records", .0.escape_ascii())]
    UnexpectedByte(u8),
    /// The record around the offset is not valid JSON.
    #[error("the record is not valid JSON")]
    InvalidRecord,
    /// A string of the record around the offset is not UTF-8.
    #[error("the record is not valid UTF-8")]
    InvalidUtf8,
    /// Something other than white space follows the array.
    #[error("the array has ended, but the body goes on")]
    TrailingData,
}
