//! A server that says what it is told, word for word: for answers that the simulator does not give.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use management_api_simulator::{TOKEN_PREFIX, Tenant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::client_fixture::Collector;
use crate::recorded_request::RecordedRequest;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedResponse {
    status: u16,
    headers: String,
    body: String,
    /// Before each byte of the body.
    pause: Option<Duration>,
}

/// The server. Tokens are given to whoever asks; all other requests get the answers of the script in order, the last
/// one again and again.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedServer {
    address: String,
    play: Arc<Mutex<Play>>,
}

#[derive(Debug)]
struct Play {
    grant: ScriptedResponse,
    answers: VecDeque<ScriptedResponse>,
    heard: Vec<RecordedRequest>,
}

/// An answer with this status and body.
pub(crate) fn response(status: u16, body: impl Into<String>) -> ScriptedResponse {
    ScriptedResponse { status, headers: String::new(), body: body.into(), pause: None }
}

impl ScriptedResponse {
    /// And this header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// Its body in as many pieces as it has bytes, with this pause before each.
    pub(crate) fn byte_by_byte(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }
}

impl ScriptedServer {
    /// A server with an empty script, and the collector of an example tenant that works with it.
    pub(crate) async fn start() -> (Self, Collector) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grant = response(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}scripted","expires_in":3599}}"#));
        let play = Play { grant, answers: VecDeque::new(), heard: Vec::new() };
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Self { address, play: Arc::new(Mutex::new(play)) };
        let collector = Collector::of(&Tenant::example(1), &script.address);
        tokio::spawn(serve(listener, Arc::clone(&script.play)));
        (script, collector)
    }

    /// The origin, such as `http://127.0.0.1:40123`.
    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// An address on this server, in the tenant's feed.
    pub(crate) fn at(&self, rest: &str) -> Url {
        let tenant = Tenant::example(1).id;
        format!("{}/api/v1.0/{tenant}/activity/feed/{rest}", self.address).parse().unwrap()
    }

    /// Adds an answer to the end of the script.
    pub(crate) fn say(&self, response: ScriptedResponse) {
        self.play.lock().unwrap().answers.push_back(response);
    }

    /// Says this to the next request, before all else.
    pub(crate) fn say_next(&self, response: ScriptedResponse) {
        self.play.lock().unwrap().answers.push_front(response);
    }

    /// A new script of this one answer; what was heard is forgotten.
    pub(crate) fn say_only(&self, response: ScriptedResponse) {
        let mut play = self.play.lock().unwrap();
        play.answers = VecDeque::from([response]);
        play.heard.clear();
    }

    /// Answers requests for a token with this instead.
    pub(crate) fn grant(&self, response: ScriptedResponse) {
        self.play.lock().unwrap().grant = response;
    }

    /// The requests so far, in order, without those for a token.
    pub(crate) fn heard(&self) -> Vec<RecordedRequest> {
        self.all_heard().into_iter().filter(|heard| !heard.is_for_token()).collect()
    }

    /// The requests for a token so far.
    pub(crate) fn heard_for_tokens(&self) -> Vec<RecordedRequest> {
        self.all_heard().into_iter().filter(RecordedRequest::is_for_token).collect()
    }

    fn all_heard(&self) -> Vec<RecordedRequest> {
        self.play.lock().unwrap().heard.clone()
    }
}

impl Play {
    fn answer(&mut self, heard: RecordedRequest) -> ScriptedResponse {
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
    connection.set_nodelay(true).unwrap();
    while let Some(heard) = RecordedRequest::next_on(&mut connection).await {
        let ScriptedResponse { status, headers, body, pause } = play.lock().unwrap().answer(heard);
        let length = body.len();
        let whole = format!("HTTP/1.1 {status} As Scripted\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        let at_once = if pause.is_some() { whole.len() - length } else { whole.len() };
        let (first, rest) = whole.as_bytes().split_at(at_once);
        if connection.write_all(first).await.is_err() {
            return;
        }
        for byte in rest {
            tokio::time::sleep(pause.unwrap_or_default()).await;
            if connection.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    }
}
