//! The token endpoint's response.

use jiff::SignedDuration;
use serde_json::Value;

use crate::decode::json;

pub(crate) struct IssuedToken {
    pub(crate) access_token: String,
    /// Never negative.
    pub(crate) lifetime: SignedDuration,
}

/// `None` if there is no access token in the body.
pub(crate) fn issued_token(body: &[u8]) -> Option<IssuedToken> {
    /// For a response without a usable `expires_in`: Entra's shortest lifetime. Requesting a token too often is harmless,
    /// and so is using one too long, because a rejected token is replaced.
    const DEFAULT: SignedDuration = SignedDuration::from_mins(10);
    let response = json::value(body)?;
    let access_token = json::text(&response, "access_token")?.trim().to_owned();
    let lifetime = json::member(&response, "expires_in").and_then(seconds).unwrap_or(DEFAULT);
    Some(IssuedToken { access_token, lifetime })
}

/// Microsoft sends whole seconds as a number, the older endpoint and some emulations a string.
fn seconds(expires_in: &Value) -> Option<SignedDuration> {
    let in_text = || expires_in.as_str()?.trim().parse().ok();
    let seconds = expires_in.as_f64().or_else(in_text).filter(|seconds| !seconds.is_nan())?;
    // A year is more than any token lives.
    SignedDuration::try_from_secs_f64(seconds.clamp(0.0, 31_536_000.0).trunc()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(expires_in: &str) -> i64 {
        issued_token(format!(r#"{{"access_token":"t"{expires_in}}}"#).as_bytes()).unwrap().lifetime.as_secs()
    }

    #[test]
    fn reads_the_lifetime_in_any_notation() {
        for (expires_in, expected) in [
            (r#","expires_in":3599"#, 3_599),
            (r#","expires_in":"3599""#, 3_599),
            (r#","expires_in":" 3599.9 ""#, 3_599),
            (r#","Expires_In":3599.5"#, 3_599),
            (r#","expires_in":-1"#, 0),
            (r#","expires_in":1e300"#, 31_536_000),
            (r#","expires_in":"NaN""#, 600),
            (r#","expires_in":"soon""#, 600),
            (r#","expires_in":null"#, 600),
            ("", 600),
        ] {
            assert_eq!(lifetime(expires_in), expected, "{expires_in}");
        }
    }

    #[test]
    fn a_response_without_access_token_is_none() {
        for body in
            ["", "{}", "[]", "null", r#"{"access_token":null}"#, r#"{"access_token":" "}"#, r#"{"access_token":""#]
        {
            assert!(issued_token(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn ignores_a_byte_order_mark() {
        assert_eq!(issued_token("\u{feff}{\"access_token\":\"t\"}".as_bytes()).unwrap().access_token, "t");
    }
}
