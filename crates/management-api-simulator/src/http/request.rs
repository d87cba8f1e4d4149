use bytes::Bytes;

/// A received request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As sent, still percent-encoded.
    pub(crate) path: String,
    /// As sent, without the question mark.
    pub(crate) raw_query: String,
    /// The scheme and host that the client used; the URIs in responses start with it.
    pub(crate) origin: String,
    pub(crate) authorization: Option<String>,
    pub(crate) accepts_gzip: bool,
    pub(crate) has_content_length: bool,
    pub(crate) body: Bytes,
}

impl Request {
    /// All values of a query parameter; names are case-insensitive.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        form_urlencoded::parse(self.raw_query.as_bytes())
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters(name).into_iter().next()
    }

    /// The URI of this request without `PublisherIdentifier`, which Microsoft never repeats in `NextPageUri`.
    pub(crate) fn own_uri(&self) -> String {
        let kept: Vec<&str> = self
            .raw_query
            .split('&')
            .filter(|pair| !pair.to_ascii_lowercase().starts_with("publisheridentifier="))
            .collect();
        format!("{}{}?{}", self.origin, self.path, kept.join("&"))
    }
}
