//! Times and waits, in headers and in texts.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// Content lives for seven days: a longer wait than a day is not followed.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// The time on the server's clock when it sent the response, in whole seconds.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(header(headers, &DATE)?)
}

/// How long the server asks to wait, in its `Retry-After` header or in a text such as "retry again after 14m 56s". If
/// both do, the longer of the two. `now` is our own time, for a date in a response that does not tell the server's.
pub(crate) fn retry_after(headers: &HeaderMap, text: &str, now: Timestamp) -> Option<SignedDuration> {
    let in_header = header(headers, &RETRY_AFTER).and_then(|value| {
        let date = || Some(http_date(value)?.duration_since(server_time(headers).unwrap_or(now)));
        value.parse::<u32>().map(|seconds| SignedDuration::from_secs(seconds.into())).ok().or_else(date)
    });
    let wait = in_header.max(wait_in(text))?;
    Some(wait.clamp(SignedDuration::ZERO, LONGEST_WAIT))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// The duration after "retry … after", "try again in" and the like.
fn wait_in(text: &str) -> Option<SignedDuration> {
    let text = text.to_ascii_lowercase();
    let (_, request) = text.split_once("retry").or_else(|| text.split_once("try again"))?;
    let mut words = request.split_whitespace().take(12);
    words.find(|word| matches!(*word, "after" | "in" | "for"))?;
    let words: Vec<&str> = words.take(6).collect();
    // The longest beginning that is a duration: "14m 56s", "14 minutes, 56 seconds", "00:14:56".
    (1..=words.len()).rev().find_map(|count| {
        let duration = words.get(..count)?.join(" ");
        duration.trim_end_matches(|character: char| !character.is_ascii_alphanumeric()).parse().ok()
    })
}

/// Microsoft's times in JSON are in UTC, with or without the `Z`.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-11-22T12:00:00Z";

    fn seconds(pairs: &[(&'static str, &str)], text: &str) -> Option<i64> {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let headers = pairs.collect();
        retry_after(&headers, text, NOON.parse().unwrap()).map(|wait| wait.as_secs())
    }

    #[test]
    fn reads_waits_in_the_text() {
        for (text, expected) in [
            ("Too many. Please retry again after 14m 56s", Some(896)),
            ("Please Retry again after 14m 56s.", Some(896)),
            ("Retry after 1h 2m 3s, then", Some(3_723)),
            ("retry after 14 minutes, 56 seconds.", Some(896)),
            ("retry the request after 00:14:56", Some(896)),
            ("Try again in 30 seconds or later", Some(30)),
            ("retry after 99999999999999999999h", None),
            ("retry after 9999h", Some(86_400)),
            ("retry after -5s", Some(0)),
            ("retry later", None),
            ("after 14m", None),
            ("retry after", None),
            ("İ retry after 5s", Some(5)),
        ] {
            assert_eq!(seconds(&[], text), expected, "{text}");
        }
    }

    #[test]
    fn reads_waits_in_the_header() {
        for (value, expected) in [
            ("7", Some(7)),
            (" 7 ", Some(7)),
            ("4294967295", Some(86_400)),
            ("Sun, 22 Nov 2026 12:00:07 GMT", Some(7)),
            ("Sun, 22 Nov 2026 11:00:00 GMT", Some(0)),
            ("Wed, 29 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("soon", None),
            ("1.5", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(seconds(&[("retry-after", value)], ""), expected, "{value}");
        }
    }

    #[test]
    fn the_longer_of_both_waits_decides() {
        assert_eq!(seconds(&[("retry-after", "7")], "retry after 8s"), Some(8));
        assert_eq!(seconds(&[("retry-after", "9")], "retry after 8s"), Some(9));
    }

    #[test]
    fn a_date_is_relative_to_the_servers_clock() {
        let headers = [("retry-after", "Sun, 22 Nov 2026 12:20:07 GMT"), ("date", "Sun, 22 Nov 2026 12:20:00 GMT")];
        assert_eq!(seconds(&headers, ""), Some(7));
    }
}
