//! An S3 that gives scripted responses, for what the local AWS never answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use aws_sdk_s3::Client;

use crate::local_aws::sdk;

/// A status and a body.
pub(crate) type Response = (u16, &'static str);

/// A client of an S3 that answers each request with `answer(method, path and query)`, and the heads of the requests, in
/// lower case, in the order in which they came.
pub(crate) async fn scripted_s3(
    answer: impl Fn(&str, &str) -> Response + Send + Sync + 'static,
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heads, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
    let recorded = heads.clone();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (recorded, answer) = (recorded.clone(), answer.clone());
            thread::spawn(move || serve(connection.unwrap(), &recorded, &*answer));
        }
    });
    let config = sdk().await.s3().config().to_builder().endpoint_url(url).build();
    (Client::from_conf(config), heads)
}

fn serve(connection: TcpStream, heads: &Mutex<Vec<String>>, answer: &dyn Fn(&str, &str) -> Response) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut writer = connection;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let head = lines.join("\n");
        let (method, rest) = head.split_once(' ').unwrap();
        let (status, body) = answer(method, rest.split(' ').next().unwrap());
        let lower = head.to_ascii_lowercase();
        if lower.contains("expect: 100-continue") {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let length =
            lower.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink()).unwrap();
        heads.lock().unwrap().push(lower);
        let response =
            format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\netag: \"1\"\r\n\r\n{body}", body.len());
        if writer.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}
