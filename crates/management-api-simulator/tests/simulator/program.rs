//! The simulator as a program.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_management-api-simulator"));
    command.args(arguments).env_remove("SIMULATOR_CLIENT_SECRET").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running program, its URL and the tenant it printed.
fn start(arguments: &[&str]) -> (Child, String, Value) {
    let mut child = program(&[&["--listen", "127.0.0.1:0"], arguments].concat()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let rest = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}"));
    let (url, tenant) = rest.split_once(" tenant ").unwrap();
    (child, url.to_owned(), serde_json::from_str(tenant).unwrap())
}

async fn get(url: String) -> Value {
    let body = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn prints_its_address_serves_and_stops_on_sigterm() {
    let tenant_id = "00000009-0000-4000-8000-000000000000";
    let (mut child, url, tenant) = start(&[
        "--tenant-id",
        tenant_id,
        "--client-id",
        "app",
        "--client-secret",
        "shh",
        "--generate",
        "200",
        "--subscriptions-on",
    ]);
    let expected = json!({"tenant_id": tenant_id, "client_id": "app", "client_secret": "shh", "cloud": "enterprise"});
    assert_eq!(tenant, expected);
    assert_eq!(get(format!("{url}/_simulator/health")).await, json!({"status": "ok"}));
    reqwest::get(format!("{url}/favicon.ico")).await.unwrap();
    let status = get(format!("{url}/_simulator/status")).await;
    let exchange = &status["tenants"][tenant_id]["Audit.Exchange"];
    assert_eq!(exchange["records"], 68);
    assert_eq!(exchange["obtainable_records"], 68);
    assert_eq!(exchange["subscription"], "enabled");
    assert_eq!(status["violations"], json!(["unknown request: GET /favicon.ico"]));
    assert_eq!(status["calls"]["Token"], 0);
    assert_eq!(status["throttled"], 0);

    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert!(child.wait().unwrap().success());
}

/// The violations after a call without `PublisherIdentifier` to a program with these options.
async fn violations_without_publisher(arguments: &[&str]) -> usize {
    let (mut child, url, tenant) = start(arguments);
    let tenant = tenant["tenant_id"].as_str().unwrap();
    reqwest::get(format!("{url}/api/v1.0/{tenant}/activity/feed/subscriptions/list")).await.unwrap();
    let status = get(format!("{url}/_simulator/status")).await;
    child.kill().unwrap();
    child.wait().unwrap();
    status["violations"].as_array().unwrap().len()
}

#[tokio::test]
async fn program_is_lenient_unless_strict() {
    assert_eq!(violations_without_publisher(&[]).await, 0);
    assert_eq!(violations_without_publisher(&["--lenient"]).await, 0);
    assert_eq!(violations_without_publisher(&["--strict"]).await, 1);
}

#[tokio::test]
async fn program_can_have_another_clock() {
    let (mut child, url, _) = start(&["--clock-offset", "-3600"]);
    let now: jiff::Timestamp = get(format!("{url}/_simulator/status")).await["now"].as_str().unwrap().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let behind = jiff::Timestamp::now().duration_since(now).as_secs();
    assert!((3_600..3_630).contains(&behind), "{behind}");
}

#[test]
fn help_names_every_option() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for option in [
        "--listen",
        "--tenant-id",
        "--client-id",
        "--client-secret",
        "--records",
        "--generate",
        "--seed",
        "--span-hours",
        "--publish-every",
        "--page-size",
        "--requests-per-minute",
        "--strict",
        "--lenient",
        "--clock-offset",
        "--subscriptions-on",
        "/_simulator/status",
    ] {
        assert!(help.contains(option), "{option}");
    }
}

#[test]
fn invalid_options_exit_with_2_and_an_explanation() {
    for (arguments, named) in [
        (vec!["--colour"], "--colour"),
        (vec!["--tenant-id", "contoso"], "--tenant-id <GUID>"),
        (vec!["--span-hours", "200"], "1..=168"),
        (vec!["--generate", "many"], "--generate <COUNT>"),
        (vec!["--generate", "1", "--records", "x"], "cannot be used with"),
    ] {
        let (code, out, error) = run(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert_eq!(out.as_str(), "", "{arguments:?}");
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn missing_folder_is_named() {
    let (code, out, error) = run(&["--listen", "127.0.0.1:0", "--records", "no/such/folder"]);
    assert_eq!(code, Some(1));
    assert_eq!(out.as_str(), "");
    assert!(error.starts_with("error: cannot read no/such/folder: No such file"), "{error}");
}

#[test]
fn address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, error) = run(&["--listen", &address]);
    assert_eq!(code, Some(1));
    assert!(error.starts_with(&format!("error: cannot listen on {address}: ")), "{error}");
}
