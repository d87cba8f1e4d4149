//! A server that sends scripted responses verbatim, for responses that the simulator does not produce.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use management_api_simulator::{TOKEN_PREFIX, Tenant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::client_fixture::ClientFixture;
use crate::recorded_request::RecordedRequest;

#[derive(Debug, Clone)]
pub(crate) struct ScriptedResponse {
    status: u16,
    headers: String,
    body: Vec<u8>,
    /// How long to wait before each byte of the body.
    pause: Option<Duration>,
}

/// Issues a token to every caller. All other requests get the scripted responses in order; the last one is repeated.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedServer {
    address: String,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug)]
struct Script {
    token_response: ScriptedResponse,
    responses: VecDeque<ScriptedResponse>,
    requests: Vec<RecordedRequest>,
}

pub(crate) fn response(status: u16, body: impl Into<Vec<u8>>) -> ScriptedResponse {
    ScriptedResponse { status, headers: String::new(), body: body.into(), pause: None }
}

impl ScriptedResponse {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// Sends the body byte by byte, with this pause before each.
    pub(crate) fn byte_by_byte(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }
}

impl ScriptedServer {
    /// A server with an empty script, and the client of an example tenant that uses it.
    pub(crate) async fn start() -> (Self, ClientFixture) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let token_response = response(200, format!(r#"{{"access_token":"{TOKEN_PREFIX}scripted","expires_in":3599}}"#));
        let script = Script { token_response, responses: VecDeque::new(), requests: Vec::new() };
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, script: Arc::new(Mutex::new(script)) };
        let fixture = ClientFixture::of(&Tenant::example(1), &server.address);
        tokio::spawn(serve(listener, Arc::clone(&server.script)));
        (server, fixture)
    }

    /// The origin, such as `http://127.0.0.1:40123`.
    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// An address on this server, below the root of the tenant's feed.
    pub(crate) fn feed_url(&self, path: &str) -> Url {
        let tenant = Tenant::example(1).id;
        format!("{}/api/v1.0/{tenant}/activity/feed/{path}", self.address).parse().unwrap()
    }

    /// Appends a response to the script.
    pub(crate) fn respond(&self, response: ScriptedResponse) {
        self.script.lock().unwrap().responses.push_back(response);
    }

    /// Responds with this to the next request, before the rest of the script.
    pub(crate) fn respond_next(&self, response: ScriptedResponse) {
        self.script.lock().unwrap().responses.push_front(response);
    }

    /// Replaces the script by this one response, and forgets the requests so far.
    pub(crate) fn respond_only(&self, response: ScriptedResponse) {
        let mut script = self.script.lock().unwrap();
        script.responses = VecDeque::from([response]);
        script.requests.clear();
    }

    /// Replaces the response to requests for a token.
    pub(crate) fn respond_to_token_requests(&self, response: ScriptedResponse) {
        self.script.lock().unwrap().token_response = response;
    }

    /// The requests so far, in order, without those for a token.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.all_requests().into_iter().filter(|request| !request.is_for_token()).collect()
    }

    /// The requests for a token so far.
    pub(crate) fn token_requests(&self) -> Vec<RecordedRequest> {
        self.all_requests().into_iter().filter(RecordedRequest::is_for_token).collect()
    }

    fn all_requests(&self) -> Vec<RecordedRequest> {
        self.script.lock().unwrap().requests.clone()
    }
}

impl Script {
    fn respond_to(&mut self, request: RecordedRequest) -> ScriptedResponse {
        let is_for_token = request.is_for_token();
        self.requests.push(request);
        if is_for_token {
            self.token_response.clone()
        } else if self.responses.len() > 1 {
            self.responses.pop_front().unwrap()
        } else {
            self.responses.front().expect("the script has a response").clone()
        }
    }
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(serve_connection(connection, Arc::clone(&script)));
    }
}

async fn serve_connection(mut connection: TcpStream, script: Arc<Mutex<Script>>) {
    connection.set_nodelay(true).unwrap();
    while let Some(request) = RecordedRequest::next_on(&mut connection).await {
        let ScriptedResponse { status, headers, body, pause } = script.lock().unwrap().respond_to(request);
        let length = body.len();
        let message = format!("HTTP/1.1 {status} As Scripted\r\n{headers}Content-Length: {length}\r\n\r\n");
        let message = [message.into_bytes(), body].concat();
        let at_once = if pause.is_some() { message.len() - length } else { message.len() };
        let (head, rest) = message.split_at(at_once);
        if connection.write_all(head).await.is_err() {
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
