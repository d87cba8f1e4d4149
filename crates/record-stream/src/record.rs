use std::io::Read;

use serde_json::value::RawValue;

use crate::Reason;
use crate::scanner::quote_or_backslash;

/// Checks that the bytes are one JSON value in UTF-8; else where in them the first fault is, and which.
///
/// `raw` ends where the scanner saw the record end. The fault may be at `raw.len()`: the byte after a record which ends
/// too early, as `tru` does.
pub(crate) fn check(raw: &[u8]) -> Result<(), (usize, Reason)> {
    let readable = match str::from_utf8(raw) {
        // A raw value is walked, not built: no recursion, and escapes need not make sense as characters.
        Ok(text) if serde_json::from_str::<&RawValue>(text).is_ok() => return Ok(()),
        Ok(_) => raw,
        Err(error) => &raw[..error.valid_up_to()],
    };
    let at = syntax_fault(readable);
    if at == readable.len() && at < raw.len() {
        Err((at, Reason::InvalidUtf8))
    } else {
        Err((at, Reason::InvalidRecord))
    }
}

/// The first byte that cannot be there, or the length if it is the end that cannot.
fn syntax_fault(raw: &[u8]) -> usize {
    // Byte by byte, because serde_json then counts the byte at fault as the last of its position. With a comma after
    // the record, as in the array, because the end of the bytes would be no byte at fault.
    match serde_json::from_reader::<_, Box<RawValue>>(raw.chain(&b","[..])) {
        Err(error) if !error.is_eof() => {
            let lines = raw.split_inclusive(|&byte| byte == b'\n').take(error.line().saturating_sub(1));
            (lines.map(<[u8]>::len).sum::<usize>() + error.column()).saturating_sub(1)
        }
        Ok(_) | Err(_) => raw.len(),
    }
}

/// Gives the runs of a valid record that remain when the white space outside its strings is taken out.
pub(crate) fn without_white_space(raw: &[u8], mut keep: impl FnMut(&[u8])) {
    let mut run = 0;
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => {
                if run < at {
                    keep(&raw[run..at]);
                }
                at += 1;
                run = at;
            }
            b'"' => at = after_string(raw, at + 1),
            _ => at += 1,
        }
    }
    keep(&raw[run..]);
}

fn after_string(raw: &[u8], mut at: usize) -> usize {
    while let Some(found) = quote_or_backslash(&raw[at..]) {
        at += found + 1;
        if raw[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    raw.len()
}
