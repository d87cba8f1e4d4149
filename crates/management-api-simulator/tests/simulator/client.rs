//! A minimal client: it follows the protocol and does not retry.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use management_api_simulator::{Simulator, Tenant, Uuid};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) tenant: Uuid,
    pub(crate) token: String,
}

/// A response with its complete body.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and `error.code`.
    pub(crate) fn error(&self) -> (u16, String) {
        let code = self.json()["error"]["code"].as_str().unwrap_or("none").to_owned();
        (self.status.as_u16(), code)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `Id`s of a blob's records.
    pub(crate) fn record_ids(&self) -> Vec<String> {
        strings(&self.json(), "Id")
    }

    /// The `contentId`s of a listing.
    pub(crate) fn content_ids(&self) -> Vec<String> {
        strings(&self.json(), "contentId")
    }
}

pub(crate) fn strings(array: &Value, name: &str) -> Vec<String> {
    let array = array.as_array().unwrap_or_else(|| panic!("not an array: {array}"));
    array.iter().map(|item| item[name].as_str().unwrap_or("missing").to_owned()).collect()
}

impl Client {
    /// A client of the `number`th example tenant with a new token.
    pub(crate) async fn for_tenant(microsoft: &Simulator, number: u32) -> Self {
        let tenant = Tenant::example(number);
        let mut client =
            Client { http: reqwest::Client::new(), url: microsoft.url(), tenant: tenant.id, token: String::new() };
        client.renew_token().await;
        client
    }

    pub(crate) async fn renew_token(&mut self) {
        let tenant = Tenant::example(self.tenant.as_fields().0);
        let response = request_token(&self.url, &tenant.id.to_string(), &token_form(&tenant)).await;
        self.token = response.json()["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) fn feed(&self, operation: &str) -> String {
        format!("{}/api/v1.0/{}/activity/feed/{operation}", self.url, self.tenant)
    }

    /// Sends a request with the token and `PublisherIdentifier`.
    pub(crate) async fn send(&self, method: Method, url: &str) -> Response {
        self.try_send(method, url).await.unwrap()
    }

    pub(crate) async fn try_send(&self, method: Method, url: &str) -> reqwest::Result<Response> {
        let mut request = self
            .http
            .request(method.clone(), url)
            .bearer_auth(&self.token)
            .query(&[("PublisherIdentifier", self.tenant.to_string())]);
        if method == Method::POST {
            request = request.header("Content-Length", "0");
        }
        read(request.send().await?).await
    }

    pub(crate) async fn get(&self, operation: &str) -> Response {
        self.send(Method::GET, &self.feed(operation)).await
    }

    pub(crate) async fn start(&self, content_type: &str) -> Response {
        let url = self.feed(&format!("subscriptions/start?contentType={content_type}"));
        self.send(Method::POST, &url).await
    }

    /// The first page of a window of the test day, such as `10:00` to `11:00`.
    pub(crate) async fn page(&self, content_type: &str, start: &str, end: &str) -> Response {
        let day = "2026-11-22";
        self.window(content_type, &format!("{day}T{start}"), &format!("{day}T{end}")).await
    }

    pub(crate) async fn window(&self, content_type: &str, start: &str, end: &str) -> Response {
        self.get(&format!("subscriptions/content?contentType={content_type}&startTime={start}&endTime={end}")).await
    }

    /// The content ids on all pages of a window of the test day, sorted.
    pub(crate) async fn ids(&self, content_type: &str, start: &str, end: &str) -> Vec<String> {
        let mut response = self.page(content_type, start, end).await;
        let mut ids = response.content_ids();
        while let Some(next) = response.header("NextPageUri").map(str::to_owned) {
            response = self.send(Method::GET, &next).await;
            ids.extend(response.content_ids());
        }
        ids.sort();
        ids
    }

    pub(crate) async fn blob(&self, content_id: &str) -> Response {
        self.get(&format!("audit/{content_id}")).await
    }

    /// The Ids of the records in a window of the test day, by blob, in the order of the content ids.
    pub(crate) async fn blobs(&self, start: &str, end: &str) -> Vec<Vec<String>> {
        let mut blobs = Vec::new();
        for id in self.ids(crate::EXCHANGE, start, end).await {
            blobs.push(self.blob(&id).await.record_ids());
        }
        blobs
    }
}

pub(crate) async fn read(response: reqwest::Response) -> reqwest::Result<Response> {
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
}

/// The form of a token request, with the tenant's first secret.
pub(crate) fn token_form(tenant: &Tenant) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", tenant.client_id.clone()),
        ("client_secret", tenant.secrets[0].value.clone()),
        ("scope", "https://manage.office.com/.default".to_owned()),
    ]
}

pub(crate) async fn request_token(url: &str, tenant: &str, form: &[(&'static str, String)]) -> Response {
    let url = format!("{url}/{tenant}/oauth2/v2.0/token");
    let response = reqwest::Client::new().post(url).form(form).send().await.unwrap();
    read(response).await.unwrap()
}

/// Sends exactly these bytes and returns everything up to the end of the connection, so `request` must contain
/// `Connection: close`.
pub(crate) async fn send_raw(microsoft: &Simulator, request: String) -> String {
    let address = microsoft.address();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        // A broken connection ends the response as well.
        let _ = stream.read_to_end(&mut response);
        String::from_utf8_lossy(&response).into_owned()
    })
    .await
    .unwrap()
}
