//! A client as plain as can be: it follows the protocol and retries nothing.

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

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
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
    /// A client of an example tenant with a fresh token.
    pub(crate) async fn of(microsoft: &Simulator, number: u32) -> Self {
        let tenant = Tenant::example(number);
        let mut client =
            Client { http: reqwest::Client::new(), url: microsoft.url(), tenant: tenant.id, token: String::new() };
        client.renew_token().await;
        client
    }

    pub(crate) async fn renew_token(&mut self) {
        let tenant = Tenant::example(self.tenant.as_fields().0);
        let answer = ask_for_token(&self.url, &tenant.id.to_string(), &token_form(&tenant)).await;
        self.token = answer.json()["access_token"].as_str().unwrap().to_owned();
    }

    pub(crate) fn feed(&self, operation: &str) -> String {
        format!("{}/api/v1.0/{}/activity/feed/{operation}", self.url, self.tenant)
    }

    /// A call with token and publisher.
    pub(crate) async fn call(&self, method: Method, url: &str) -> Answer {
        self.try_call(method, url).await.unwrap()
    }

    pub(crate) async fn try_call(&self, method: Method, url: &str) -> reqwest::Result<Answer> {
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

    pub(crate) async fn get(&self, operation: &str) -> Answer {
        self.call(Method::GET, &self.feed(operation)).await
    }

    pub(crate) async fn start(&self, content_type: &str) -> Answer {
        let url = self.feed(&format!("subscriptions/start?contentType={content_type}"));
        self.call(Method::POST, &url).await
    }

    /// The first page of a window of today, such as `10:00` to `11:00`.
    pub(crate) async fn page(&self, content_type: &str, start: &str, end: &str) -> Answer {
        let day = "2026-11-22";
        self.window(content_type, &format!("{day}T{start}"), &format!("{day}T{end}")).await
    }

    pub(crate) async fn window(&self, content_type: &str, start: &str, end: &str) -> Answer {
        self.get(&format!("subscriptions/content?contentType={content_type}&startTime={start}&endTime={end}")).await
    }

    /// The content ids of a window of today, all pages, ordered.
    pub(crate) async fn ids(&self, content_type: &str, start: &str, end: &str) -> Vec<String> {
        let mut answer = self.page(content_type, start, end).await;
        let mut ids = answer.content_ids();
        while let Some(next) = answer.header("NextPageUri").map(str::to_owned) {
            answer = self.call(Method::GET, &next).await;
            ids.extend(answer.content_ids());
        }
        ids.sort();
        ids
    }

    pub(crate) async fn blob(&self, content_id: &str) -> Answer {
        self.get(&format!("audit/{content_id}")).await
    }

    /// The records' Ids of a window of today, blob by blob in the order of their content ids.
    pub(crate) async fn blobs(&self, start: &str, end: &str) -> Vec<Vec<String>> {
        let mut blobs = Vec::new();
        for id in self.ids(crate::EXCHANGE, start, end).await {
            blobs.push(self.blob(&id).await.record_ids());
        }
        blobs
    }
}

pub(crate) async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}

/// What a client sends for a token, with the tenant's first secret.
pub(crate) fn token_form(tenant: &Tenant) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", tenant.client_id.clone()),
        ("client_secret", tenant.secrets[0].value.clone()),
        ("scope", "https://manage.office.com/.default".to_owned()),
    ]
}

pub(crate) async fn ask_for_token(url: &str, tenant: &str, form: &[(&'static str, String)]) -> Answer {
    let url = format!("{url}/{tenant}/oauth2/v2.0/token");
    let response = reqwest::Client::new().post(url).form(form).send().await.unwrap();
    read(response).await.unwrap()
}

/// What comes back for these very bytes until the connection ends; `request` asks for `Connection: close`.
pub(crate) async fn raw(microsoft: &Simulator, request: String) -> String {
    let address = microsoft.address();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A connection that breaks ends the answer as well.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}
