/// Finds where a record ends, in whatever pieces it arrives, by depth, strings and escapes alone.
///
/// It does not tell valid JSON from invalid: it stops where a valid record would have to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scanner {
    within: Within,
    depth: usize,
    spaced: bool,
}

#[derive(Debug, Clone, Copy)]
enum Within {
    /// A number, `true`, `false` or `null`: ends before the first byte that belongs to none of them.
    Scalar,
    /// An object or array, outside its strings.
    Structure,
    String,
    /// Just after a backslash.
    Escape,
}

impl Scanner {
    /// A scanner for the record that begins with `first`, which is still to be scanned; `None` if no record does.
    pub(crate) fn for_record(first: u8) -> Option<Self> {
        let within = match first {
            b'{' | b'[' | b'"' => Within::Structure,
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Within::Scalar,
            _ => return None,
        };
        Some(Self { within, depth: 0, spaced: false })
    }

    /// The number of bytes up to the end of the record, or `None` if it goes on after `bytes`.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.within {
                Within::Structure => {
                    at += 1;
                    match byte {
                        b'"' => self.within = Within::String,
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => {
                            self.depth -= 1;
                            if self.depth == 0 {
                                return Some(at);
                            }
                        }
                        b' ' | b'\n' | b'\r' | b'\t' => self.spaced = true,
                        _ => {}
                    }
                }
                Within::String => {
                    let run = quote_or_backslash(&bytes[at..])?;
                    at += run + 1;
                    if bytes[at - 1] == b'\\' {
                        self.within = Within::Escape;
                    } else if self.depth == 0 {
                        return Some(at);
                    } else {
                        self.within = Within::Structure;
                    }
                }
                Within::Escape => {
                    at += 1;
                    self.within = Within::String;
                }
                Within::Scalar => {
                    if !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.') {
                        return Some(at);
                    }
                    at += 1;
                }
            }
        }
        None
    }

    /// Whether white space was seen outside the strings of the record.
    pub(crate) fn saw_white_space(&self) -> bool {
        self.spaced
    }
}

/// Where the next byte that a string does not take as it is lies.
pub(crate) fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'))
}
