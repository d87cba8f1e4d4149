//! Microsoft's texts as a person may see them: one line, of a bounded length, without credentials.

/// What stands in the place of a credential.
const REDACTED: &str = "REDACTED";

/// Names whose values are credentials, in lower case.
const NAMES: [&str; 10] = [
    "access_token",
    "accesstoken",
    "refresh_token",
    "id_token",
    "client_secret",
    "clientsecret",
    "client_assertion",
    "assertion",
    "authorization",
    "password",
];

/// The credentials that a request was sent with: a response may quote them.
#[derive(Clone, Default)]
pub(crate) struct Credentials(Vec<String>);

impl Credentials {
    /// Also knows the URL-encoded form. A value of fewer than 8 characters is no credential, and would be found in
    /// ordinary words.
    pub(crate) fn of(value: &str) -> Self {
        let value = value.trim();
        if value.len() < 8 {
            return Self::default();
        }
        Self(vec![value.to_owned(), url::form_urlencoded::byte_serialize(value.as_bytes()).collect()])
    }

    /// The text on one line, without credentials, cut after `longest` characters.
    pub(crate) fn line(&self, text: &str, longest: usize) -> String {
        let text = self.redact_own(text);
        let is_blank = |character: char| character.is_whitespace() || character.is_control() || is_invisible(character);
        let words: Vec<&str> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
        // Again, because joined words may form a credential that blanks divided. And before cutting: the beginning of a
        // credential is not recognised.
        let line = redact(&self.redact_own(&words.join(" ")));
        match line.char_indices().nth(longest) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }

    fn redact_own(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, value| text.replace(value, REDACTED))
    }
}

/// Byte order marks, and characters that change how others are shown.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a word says of the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Text,
    /// A credential, if a colon or an equals sign comes before it: this word was the name of one.
    Value,
    /// A credential: this word was `Bearer`.
    Credential,
}

/// Replaces what follows `Bearer` or the name of a credential, and every word that looks like a credential.
fn redact(text: &str) -> String {
    let (mut redacted, mut rest) = (String::with_capacity(text.len()), text);
    let (mut next, mut is_redacted) = (Next::Text, false);
    while !rest.is_empty() {
        let (mut separator, after) = rest.split_at(rest.find(is_word).unwrap_or(rest.len()));
        let (word, after) = after.split_at(after.find(|character| !is_word(character)).unwrap_or(after.len()));
        rest = after;
        if is_redacted {
            // A credential goes on up to the next delimiter.
            separator = separator.trim_start_matches(|character| !is_delimiter(character));
            if separator.is_empty() {
                continue;
            }
        }
        redacted.push_str(separator);
        let is_credential = match next {
            Next::Text => false,
            Next::Value => separator.contains([':', '=', '%']),
            Next::Credential => true,
        };
        let lower = word.to_ascii_lowercase();
        let is_bearer = lower == "bearer";
        is_redacted = !is_bearer && !word.is_empty() && (is_credential || looks_like_credential(word));
        redacted.push_str(if is_redacted { REDACTED } else { word });
        // A word may be both: a credential by what comes before it, and the name of the next one.
        next = match NAMES.iter().any(|name| lower.ends_with(name)) {
            _ if is_bearer => Next::Credential,
            true => Next::Value,
            false => Next::Text,
        };
    }
    redacted
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.' | '~')
}

fn is_delimiter(character: char) -> bool {
    matches!(character, ' ' | '"' | '\'' | '\\' | ',' | ';' | '&' | '<' | '>' | '{' | '}' | '[' | ']' | '(' | ')')
}

/// JSON web tokens begin with `eyJ`, the client secrets of Entra contain `Q~`, and other keys are long words of letters
/// and digits. The names of types in a stack trace have dots, a GUID has 36 characters.
fn looks_like_credential(word: &str) -> bool {
    let is_key = || {
        word.len() >= 40
            && !word.contains('.')
            && word.contains(|character: char| character.is_ascii_digit())
            && word.contains(|character: char| character.is_ascii_alphabetic())
    };
    word.len() >= 16 && word.contains("eyJ") || word.len() >= 30 && word.contains("Q~") || is_key()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with no more characters than the others, and of the request sent with this credential.
    fn shown(text: &str) -> String {
        Credentials::of("the/secret of+mine").line(text, 200)
    }

    #[test]
    fn redacts_credentials_in_any_notation() {
        for (text, expected) in [
            ("Authorization: Bearer abc.def-g/h+i==, next", "Authorization: Bearer REDACTED, next"),
            (r#"Bearer "access_token":"abc""#, r#"Bearer "REDACTED":"REDACTED""#),
            ("authorization: abc", "authorization: REDACTED"),
            ("BEARER%20abc next", "BEARER%REDACTED next"),
            (r#"{"access_token":"a b","expires_in":1}"#, r#"{"access_token":"REDACTED b","expires_in":1}"#),
            (r#"{\"Access_Token\":\"abc\"}"#, r#"{\"Access_Token\":\"REDACTED\"}"#),
            ("{'client_secret': 'a~b/c'}", "{'client_secret': 'REDACTED'}"),
            ("client_id=1&client_secret=a%7Eb%2Fc&scope=x", "client_id=1&client_secret=REDACTED&scope=x"),
            ("client_secret%3Dabc", "client_secret%REDACTED"),
            ("it was eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1.eyJhdWQi.x-y_z.", "it was REDACTED"),
            ("key abc8Q~0123456789.0123456789-01234567890 end", "key REDACTED end"),
            ("key 0123456789012345678901234567890123456789a end", "key REDACTED end"),
            ("sent the/secret of+mine, and the%2Fsecret+of%2Bmine", "sent REDACTED, and REDACTED"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn leaves_ordinary_text_alone() {
        for text in [
            "'client_assertion', 'client_secret' or 'request' is required",
            "System.Collections.Generic.KeyNotFoundException12: The given key was not present",
            "Tenant 11111111-aaaa-4aaa-8aaa-111111111111 does not exist.",
            "AADSTS7000215: Invalid client secret provided. Trace ID: 11111111-aaaa-4aaa-8aaa-111111111111",
            "20261122110307123$20261122110307123$audit_exchange$Audit_Exchange$na0030",
            "héllo wörld",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn shows_one_line_cut_after_the_longest() {
        assert_eq!(shown(" \u{feff}a\r\n\t b\0c\u{202e} \u{200b}d "), "a b c d");
        assert_eq!(Credentials::default().line("äöü", 3), "äöü");
        assert_eq!(Credentials::default().line("äöüß", 3), "äöü…");
        assert_eq!(Credentials::default().line(&format!("ab eyJ{}", "x".repeat(99)), 5), "ab RE…");
    }

    #[test]
    fn finds_a_credential_that_blanks_divide() {
        assert_eq!(Credentials::of("a pass phrase").line("said a pass \0\u{200b}phrase", 200), "said REDACTED");
    }

    #[test]
    fn short_credentials_are_not_searched_for() {
        assert_eq!(Credentials::of("t").line("text", 200), "text");
    }
}
