//! Errors, in each form that Microsoft documents or was seen to send.

use serde_json::Value;

use crate::decode::json;

/// What an error body says, uncut and with any credentials that it quotes: nothing of it may be shown as it is.
#[derive(Default)]
pub(crate) struct ErrorBody {
    /// The Management Activity API's `AF…` code in upper case, else what stands in its place; may be empty.
    pub(crate) code: String,
    /// The digits of Entra's `AADSTS…` code; may be empty.
    pub(crate) entra_code: String,
    /// Empty if the body is not an error object.
    pub(crate) message: String,
    /// The whole text in which codes and waits are searched for.
    pub(crate) text: String,
}

impl ErrorBody {
    /// Reads these forms, with names in any case:
    ///
    /// - `{"error":{"code":"…","message":"…"}}`, also inside an array
    /// - `{"error":"…","error_description":"…","error_codes":[…]}`
    /// - `{"Message":"…"}`, `{"code":"…","message":"…"}`, `{"Message":"…","ExceptionMessage":"…"}`
    /// - `{"odata.error":{"code":"…","message":{"lang":"…","value":"…"}}}`
    /// - anything else (plain text, HTML, stack traces, objects with single quotes) that has a code in it
    pub(crate) fn read(body: &[u8]) -> Self {
        let body = json::without_byte_order_mark(body);
        let value = match json::value(body) {
            Some(Value::Array(rows)) => rows.into_iter().next(),
            value => value,
        };
        let Some(value) = value else {
            // A truncated listing is not an error, whatever its rows contain.
            let text = if body.starts_with(b"[") { String::new() } else { String::from_utf8_lossy(body).into_owned() };
            let code = activity_code(&text).unwrap_or_default();
            return Self { code, entra_code: entra_code(&text), message: String::new(), text };
        };
        let (code, message) = (code(&value), message(&value));
        let text = format!("{code} {message}");
        let in_list = || Some(json::member(&value, "error_codes")?.get(0)?.as_u64()?.to_string());
        let entra_code = Some(entra_code(&text)).filter(|code| !code.is_empty()).or_else(in_list).unwrap_or_default();
        Self { code: activity_code(&text).unwrap_or_else(|| code.trim().to_owned()), entra_code, message, text }
    }

    /// Seen without a known code, in the middle of a stack trace: "…: Tenant {guid} does not exist."
    pub(crate) fn is_unknown_tenant(&self) -> bool {
        self.text.split_once("Tenant ").is_some_and(|(_, rest)| rest.contains("does not exist"))
    }
}

fn code(value: &Value) -> String {
    let inner = |name| json::text(json::member(value, name)?, "code");
    let found = inner("error").or_else(|| inner("odata.error")).or_else(|| json::text(value, "error"));
    found.or_else(|| json::text(value, "code")).unwrap_or_default().to_owned()
}

fn message(value: &Value) -> String {
    let described = || json::text(value, "error_description");
    let in_error = |name| message_of(json::member(value, name)?);
    let message = in_error("error").or_else(|| in_error("odata.error")).or_else(described);
    let message = message.or_else(|| message_of(value)).or_else(|| value.as_str()).unwrap_or_default();
    match json::text(value, "ExceptionMessage") {
        Some(exception) => format!("{message} {exception}"),
        None => message.to_owned(),
    }
}

fn message_of(object: &Value) -> Option<&str> {
    json::text(object, "message").or_else(|| json::text(json::member(object, "message")?, "value"))
}

/// The first `AF` with three to five digits that is a word of its own.
fn activity_code(text: &str) -> Option<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let is_code = |word: &&str| {
        let (name, digits) = word.split_at_checked(2).unwrap_or_default();
        name.eq_ignore_ascii_case("AF")
            && (3..=5).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    words.into_iter().find(is_code).map(str::to_ascii_uppercase)
}

fn entra_code(text: &str) -> String {
    let (_, after) = text.split_once("AADSTS").unwrap_or_default();
    after.chars().take_while(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_form_of_an_error() {
        for (body, code, message) in [
            (r#"{"error":{"code":"AF429","message":"Too many."}}"#, "AF429", "Too many."),
            (r#"[{"Error":{"Code":" af429 ","MESSAGE":"Too many."}}]"#, "AF429", "Too many."),
            (r#"{"error":"invalid_client","error_description":"Why."}"#, "invalid_client", "Why."),
            (r#"{"Message":"AF20023: off."}"#, "AF20023", "AF20023: off."),
            (r#"{"code":"AF50000","message":"Oh."}"#, "AF50000", "Oh."),
            (r#"{"odata.error":{"code":"AF50000","message":{"lang":"en","value":"Oh."}}}"#, "AF50000", "Oh."),
            (r#"{"error":{"code":"AF429: Too many","message":null}}"#, "AF429", ""),
            (r#"{"error":{"code":"New","message":"See AF20051."}}"#, "AF20051", "See AF20051."),
            (r#"{"Message":"Oh.","ExceptionMessage":"AF20022"}"#, "AF20022", "Oh. AF20022"),
            (r#""AF50000 in a string""#, "AF50000", "AF50000 in a string"),
            ("\u{feff}{\"error\":{\"code\":\"AF429\",\"message\":\"M\"}}", "AF429", "M"),
            (r"{'error':{'code':'AF429','message':'Too many.'}}", "AF429", ""),
            ("<p>Error AF50005.</p>", "AF50005", ""),
            ("AF20051", "AF20051", ""),
            ("{\"error\":{\"code\":\"AF429\",\"mess", "AF429", ""),
            ("xAF429 AF42 AF123456 AF12x 12AF429", "", ""),
            (r#"[{"contentId":"AF20051"#, "", ""),
            (r#"{"error":{"code":7},"message":7}"#, "", ""),
            (r#"{"contentType":"AF20051","status":"enabled"}"#, "", ""),
            ("", "", ""),
        ] {
            let read = ErrorBody::read(body.as_bytes());
            assert_eq!(read.code, code, "{body}");
            assert_eq!(read.message, message, "{body}");
        }
    }

    #[test]
    fn reads_the_entra_code_in_any_form() {
        for body in [
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid."}"#,
            r#"{"error":"invalid_client","error_description":"Oh. AADSTS7000215: Invalid."}"#,
            r#"{"error":"invalid_client","error_codes":[7000215]}"#,
            "{'error':'invalid_client','error_description':'AADSTS7000215: Invalid.'}",
            "<html>AADSTS7000215</html>",
        ] {
            assert_eq!(ErrorBody::read(body.as_bytes()).entra_code, "7000215", "{body}");
        }
    }
}
