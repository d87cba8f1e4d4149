//! Lambda's Runtime API, as far as one invocation of one function needs it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;

/// Sends one event to a function and leaves its request for the next one open. The server stops when it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    answers: mpsc::UnboundedReceiver<Answer>,
    serving: AbortHandle,
}

/// What the function sent back.
#[derive(Debug)]
pub struct Answer {
    /// The path that it was sent to: it ends with `/response` or `/error`.
    pub path: String,
    pub body: String,
    /// The time since the function received the event; zero if it has not.
    pub took: Duration,
}

struct Invocation {
    event: Mutex<Option<String>>,
    delivered_at: Mutex<Option<Instant>>,
    timeout: Duration,
    answers: mpsc::UnboundedSender<Answer>,
}

impl RuntimeApi {
    /// Serves `event` on a free port; its deadline is `timeout` after the function requests it.
    ///
    /// # Errors
    /// If no port can be opened.
    pub async fn serve(event: String, timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, answers) = mpsc::unbounded_channel();
        let (event, delivered_at) = (Mutex::new(Some(event)), Mutex::new(None));
        let invocation = Arc::new(Invocation { event, delivered_at, timeout, answers: sender });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .fallback(receive_answer)
            .with_state(invocation);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { address, answers, serving })
    }

    /// The variables that Lambda sets for a function.
    #[must_use]
    pub fn environment(&self, function: &str, memory_megabytes: u32) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_megabytes.to_string()),
        ]
    }

    pub async fn answer(&mut self) -> Answer {
        self.answers.recv().await.unwrap()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(invocation): State<Arc<Invocation>>) -> Response {
    let Some(event) = invocation.event.lock().await.take() else {
        return std::future::pending().await;
    };
    let deadline = Timestamp::now() + invocation.timeout;
    *invocation.delivered_at.lock().await = Some(Instant::now());
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("Lambda-Runtime-Deadline-Ms", deadline.as_millisecond().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:local".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn receive_answer(State(invocation): State<Arc<Invocation>>, uri: Uri, body: String) -> StatusCode {
    let took = invocation.delivered_at.lock().await.map(|instant| instant.elapsed()).unwrap_or_default();
    // The receiver may have been dropped already.
    let _ = invocation.answers.send(Answer { path: uri.path().to_owned(), body, took });
    StatusCode::ACCEPTED
}
