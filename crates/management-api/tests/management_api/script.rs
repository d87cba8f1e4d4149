//! A server that says what it is told, word for word: for answers that the simulator does not give.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use management_api_simulator::{TOKEN_PREFIX, Tenant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::collector::Collector;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    status: u16,
    headers: String,
    body: String,
    byte_by_byte: bool,
}

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// Method and address, such as `GET /api/…`.
    pub(crate) line: String,
    head: String,
    pub(crate) body: String,
}

/// The server. Tokens are given to whoever asks; all other requests get the answers of the script in order, the last
/// one again and again.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    address: String,
    play: Arc<Mutex<Play>>,
}

#[derive(Debug)]
struct Play {
    grant: Said,
    answers: VecDeque<Said>,
    heard: Vec<Heard>,
}

/// An answer with this status and body.
pub(crate) fn said(status: u16, body: impl Into<String>) -> Said {
    Said { status, headers: String::new(), body: body.into(), byte_by_byte: false }
}

impl Said {
    /// And this header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// Its body in as many pieces as it has bytes.
    pub(crate) fn byte_by_byte(mut self) -> Self {
        self.byte_by_byte = true;
        self
    }
}

impl Heard {
    /// The values of a header, whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

impl Script {
    /// A server with an empty script, and the collector of an example tenant that works with it.
    pub(crate) async fn start() -> (Self, Collector) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grant = said(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}scripted","expires_in":3599}}"#));
        let play = Play { grant, answers: VecDeque::new(), heard: Vec::new() };
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Self { address, play: Arc::new(Mutex::new(play)) };
        let collector = Collector::of(&Tenant::example(1), &script.address);
        tokio::spawn(serve(listener, Arc::clone(&script.play)));
        (script, collector)
    }

    /// An address on this server, in the tenant's feed.
    pub(crate) fn at(&self, rest: &str) -> Url {
        let tenant = Tenant::example(1).id;
        format!("{}/api/v1.0/{tenant}/activity/feed/{rest}", self.address).parse().unwrap()
    }

    /// Adds an answer to the end of the script.
    pub(crate) fn say(&self, said: Said) {
        self.play.lock().unwrap().answers.push_back(said);
    }

    /// A new script of this one answer; what was heard is forgotten.
    pub(crate) fn say_only(&self, said: Said) {
        let mut play = self.play.lock().unwrap();
        play.answers = VecDeque::from([said]);
        play.heard.clear();
    }

    /// Answers requests for a token with this instead.
    pub(crate) fn grant(&self, said: Said) {
        self.play.lock().unwrap().grant = said;
    }

    /// The requests so far, in order, without those for a token.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.all_heard().into_iter().filter(|heard| !heard.is_for_token()).collect()
    }

    /// The requests for a token so far.
    pub(crate) fn heard_for_tokens(&self) -> Vec<Heard> {
        self.all_heard().into_iter().filter(Heard::is_for_token).collect()
    }

    fn all_heard(&self) -> Vec<Heard> {
        self.play.lock().unwrap().heard.clone()
    }
}

impl Heard {
    fn is_for_token(&self) -> bool {
        self.line.ends_with("/oauth2/v2.0/token")
    }
}

impl Play {
    fn answer(&mut self, heard: Heard) -> Said {
        let is_for_token = heard.is_for_token();
        self.heard.push(heard);
        if is_for_token {
            self.grant.clone()
        } else if self.answers.len() > 1 {
            self.answers.pop_front().unwrap()
        } else {
            self.answers.front().expect("the script has an answer").clone()
        }
    }
}

async fn serve(listener: TcpListener, play: Arc<Mutex<Play>>) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(converse(connection, Arc::clone(&play)));
    }
}

async fn converse(mut connection: TcpStream, play: Arc<Mutex<Play>>) {
    while let Some(heard) = hear(&mut connection).await {
        let Said { status, headers, body, byte_by_byte } = play.lock().unwrap().answer(heard);
        let length = body.len();
        let head = format!("HTTP/1.1 {status} As Scripted\r\n{headers}Content-Length: {length}\r\n\r\n");
        let whole = head.clone() + &body;
        let (first, rest) = if byte_by_byte { (head.as_str(), body.as_bytes()) } else { (whole.as_str(), &[][..]) };
        if connection.write_all(first.as_bytes()).await.is_err() {
            break;
        }
        for byte in rest {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if connection.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    }
}

async fn hear(connection: &mut TcpStream) -> Option<Heard> {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            let heard = Heard { line, head: head.to_owned(), body: body.to_owned() };
            let length = heard.header("content-length").first().map_or(0, |length| length.parse().unwrap());
            if heard.body.len() >= length {
                return Some(heard);
            }
        }
        if connection.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
}
