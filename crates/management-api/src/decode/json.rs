//! JSON as Microsoft sends it.

use serde_json::Value;

/// The body without white space and byte order marks at its beginning.
pub(crate) fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    let mut rest = body.trim_ascii_start();
    while let Some(after) = rest.strip_prefix(b"\xEF\xBB\xBF") {
        rest = after.trim_ascii_start();
    }
    rest
}

/// The JSON value of the body, if it is exactly one.
pub(crate) fn value(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(without_byte_order_mark(body)).ok()
}

/// A member of an object, by its name in any case. The exact name is preferred.
pub(crate) fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let object = object.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A string member that is not blank.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    member(object, name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// A row of an array: its value, or its text if it is not valid JSON.
pub(crate) type Row = Result<Value, String>;

/// The rows of a JSON array; `None` for anything else, and for an array that does not end.
///
/// A row that is not valid JSON (a raw control character, a byte that is not UTF-8, half of a surrogate pair, deep
/// nesting) costs only itself, provided that its quotes and brackets are balanced: otherwise nothing tells where it ends,
/// and the array counts as incomplete.
pub(crate) fn rows(body: &[u8]) -> Option<Vec<Row>> {
    let body = without_byte_order_mark(body);
    if let Ok(rows) = serde_json::from_slice::<Vec<Value>>(body) {
        return Some(rows.into_iter().map(Ok).collect());
    }
    let parse = |text: &[u8]| serde_json::from_slice(text).map_err(|_| String::from_utf8_lossy(text).into_owned());
    Some(split(body)?.into_iter().map(|text| parse(text.trim_ascii())).collect())
}

/// The texts between the commas of the outermost array.
fn split(array: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rows, mut open, mut start) = (Vec::new(), Vec::new(), 1);
    let (mut in_string, mut escaped) = (false, false);
    for (index, byte) in array.iter().enumerate() {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b',' if open.len() == 1 => {
                rows.push(array.get(start..index)?);
                start = index + 1;
            }
            b']' | b'}' => {
                if open.pop() != Some(*byte) {
                    return None;
                }
                if open.is_empty() {
                    let last = array.get(start..index)?;
                    if !(rows.is_empty() && last.trim_ascii().is_empty()) {
                        rows.push(last);
                    }
                    let is_all = *byte == b']' && array.get(index + 1..)?.trim_ascii().is_empty();
                    return is_all.then_some(rows);
                }
            }
            // Nothing but the array itself may come first.
            _ if open.is_empty() => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_broken_row_costs_only_itself() {
        let body = b"\xEF\xBB\xBF [{\"a\":\"],[\\\"\"}, {\"b\":\"\xFF\"}, {\"c\":NaN} ,{\"d\":\"\0\"},,[1] ]\r\n";
        let expected = [
            Ok(json!({"a": "],[\""})),
            Err("{\"b\":\"\u{fffd}\"}".to_owned()),
            Err("{\"c\":NaN}".to_owned()),
            Err("{\"d\":\"\0\"}".to_owned()),
            Err(String::new()),
            Ok(json!([1])),
        ];
        assert_eq!(rows(body).unwrap(), expected);
    }

    #[test]
    fn deep_nesting_costs_only_its_row() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let rows = rows(format!("[1,{deep},2]").as_bytes()).unwrap();
        assert_eq!(rows, [Ok(json!(1)), Err(deep), Ok(json!(2))]);
    }

    #[test]
    fn anything_but_one_whole_array_has_no_rows() {
        for body in ["", "{}", "null", "[1", "[1,\0] x", "[1,\0}", "[\0}]", "x[\0]", "[\"\0]", "[{\"a\":[\0}]", "]"] {
            assert_eq!(rows(body.as_bytes()), None, "{body:?}");
        }
    }

    #[test]
    fn members_match_in_any_case_exactly_first() {
        let object = json!({"CONTENTID": "other", "contentId": "exact", "Message": "m"});
        assert_eq!(text(&object, "contentId"), Some("exact"));
        assert_eq!(text(&object, "message"), Some("m"));
        assert_eq!(text(&json!("text"), "message"), None);
    }
}
