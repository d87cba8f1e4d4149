/// Finds the end of a record that arrives in any number of pieces, by depth, strings and escapes alone.
///
/// It does not validate JSON: it stops where a valid record would have to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scanner {
    within: Within,
    depth: usize,
    has_white_space: bool,
}

#[derive(Debug, Clone, Copy)]
enum Within {
    /// A number, `true`, `false` or `null`: ends before the first byte that cannot belong to one.
    Scalar,
    /// An object or array, outside its strings.
    Structure,
    String,
    /// In a string, directly after a backslash.
    Escape,
}

impl Scanner {
    /// A scanner for the record that begins with `first`, which must be scanned as well; `None` if no JSON value begins
    /// with that byte.
    pub(crate) fn for_record(first: u8) -> Option<Self> {
        let within = match first {
            // A string is entered by its opening quote, at depth 0.
            b'{' | b'[' | b'"' => Within::Structure,
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Within::Scalar,
            _ => return None,
        };
        Some(Self { within, depth: 0, has_white_space: false })
    }

    /// The number of bytes up to the end of the record; `None` if it continues after `bytes`.
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
                        b' ' | b'\n' | b'\r' | b'\t' => self.has_white_space = true,
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

    /// Whether there was white space outside the strings of the record.
    pub(crate) fn saw_white_space(&self) -> bool {
        self.has_white_space
    }
}

/// The index of the next byte that is special inside a string.
pub(crate) fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'))
}
