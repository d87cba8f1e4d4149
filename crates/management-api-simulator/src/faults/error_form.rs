//! Bodies of errors in the forms that Microsoft sends besides JSON.

use crate::http::{body::Body, response::Response};

/// The form of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorForm {
    /// `{'error':{'code':'AF429','message':'…'}}`, as Microsoft's reference prints it.
    SingleQuoted,
    /// An exception of .NET as plain text.
    Exception,
    /// A page in HTML.
    Html,
    /// No body.
    Empty,
}

const EXCEPTION: &str = "System.Collections.Generic.KeyNotFoundException: The given key was not present in the \
                         dictionary.\r\n   at System.Collections.Generic.Dictionary`2.get_Item(TKey key)";

/// Changes the body and its content type; the status and the other headers stay.
pub(crate) fn change_form(response: &mut Response, form: ErrorForm) {
    let (content_type, body) = match form {
        ErrorForm::SingleQuoted => {
            let json = std::mem::replace(&mut response.body, Body::empty()).into_bytes();
            let quoted: Vec<u8> = json.iter().map(|&byte| if byte == b'"' { b'\'' } else { byte }).collect();
            (response.content_type.clone(), Body::Text(quoted.into()))
        }
        ErrorForm::Exception => ("text/plain; charset=utf-8".to_owned(), Body::Text(EXCEPTION.into())),
        ErrorForm::Html => {
            let Response { content_type, body, .. } = Response::html(response.status, "Server Error");
            (content_type, body)
        }
        ErrorForm::Empty => (response.content_type.clone(), Body::empty()),
    };
    response.content_type = content_type;
    response.body = body;
}
