use std::io::Read;

use serde_json::value::RawValue;

use crate::Reason;
use crate::scanner::quote_or_backslash;

/// Checks that `raw` is one JSON value in UTF-8.
///
/// # Errors
/// The index of the first byte at fault, and the reason. The index is `raw.len()` if the record ends too early, as
/// `tru` does: the fault is then the byte after it.
pub(crate) fn check(raw: &[u8]) -> Result<(), (usize, Reason)> {
    let valid_utf8 = match str::from_utf8(raw) {
        // A raw value is only scanned, not built: depth is unlimited, and lone surrogate escapes are accepted.
        Ok(text) if serde_json::from_str::<&RawValue>(text).is_ok() => return Ok(()),
        Ok(_) => raw,
        Err(error) => &raw[..error.valid_up_to()],
    };
    let at = syntax_fault(valid_utf8);
    // A syntax fault inside the valid part comes before the invalid UTF-8.
    if at == valid_utf8.len() && at < raw.len() {
        Err((at, Reason::InvalidUtf8))
    } else {
        Err((at, Reason::InvalidRecord))
    }
}

/// The index of the first byte that is not allowed, or the length if the value is only incomplete.
fn syntax_fault(raw: &[u8]) -> usize {
    // From a reader, because serde_json then reports the line and column of the byte at fault itself. With a comma
    // after the record, as in the array, because the end of the input is not reported as a byte.
    match serde_json::from_reader::<_, Box<RawValue>>(raw.chain(&b","[..])) {
        Err(error) if !error.is_eof() => {
            let lines = raw.split_inclusive(|&byte| byte == b'\n').take(error.line().saturating_sub(1));
            (lines.map(<[u8]>::len).sum::<usize>() + error.column()).saturating_sub(1)
        }
        Ok(_) | Err(_) => raw.len(),
    }
}

/// Removes the white space outside the strings of a valid record: calls `write` with each run of bytes that remains.
pub(crate) fn without_white_space(raw: &[u8], mut write: impl FnMut(&[u8])) {
    let mut run = 0;
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => {
                if run < at {
                    write(&raw[run..at]);
                }
                at += 1;
                run = at;
            }
            b'"' => at = after_string(raw, at + 1),
            _ => at += 1,
        }
    }
    write(&raw[run..]);
}

/// The index after the closing quote of the string whose content starts at `at`.
fn after_string(raw: &[u8], mut at: usize) -> usize {
    while let Some(found) = quote_or_backslash(&raw[at..]) {
        at += found + 1;
        if raw[at - 1] == b'"' {
            return at;
        }
        // The byte after a backslash is escaped, and does not end the string.
        at += 1;
    }
    raw.len()
}
