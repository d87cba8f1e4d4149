//! A request that the scripted server received.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(crate) struct RecordedRequest {
    /// Method and target, such as `GET /api/…`.
    pub(crate) line: String,
    head: String,
    pub(crate) body: String,
}

impl RecordedRequest {
    /// All values of a header, whose name matches in any case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub(crate) fn is_for_token(&self) -> bool {
        self.line.ends_with("/oauth2/v2.0/token")
    }

    /// Reads the next request from `connection`; `None` once it is closed.
    pub(crate) async fn next_on(connection: &mut TcpStream) -> Option<Self> {
        let mut received = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&received);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
                let request = Self { line, head: head.to_owned(), body: body.to_owned() };
                let length = request.header("content-length").first().map_or(0, |length| length.parse().unwrap());
                if request.body.len() >= length {
                    return Some(request);
                }
            }
            if connection.read_buf(&mut received).await.ok()? == 0 {
                return None;
            }
        }
    }
}
