//! Every body that Microsoft or Entra may send, read as each kind of response.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use collector::tenant::{Secret, Tenant};
use futures::executor::block_on;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use management_api::fuzzing::{ADDRESS, decode_error, decode_listing, decode_subscriptions, decode_token, decompress};
use management_api::{Endpoints, RootOverrides};

/// The longest message for any body, in characters, besides the address of the request.
const LONGEST_MESSAGE: usize = 1_000;

const CREDENTIAL: &str = "the-credential/of+this request";

static ENDPOINTS: LazyLock<Endpoints> = LazyLock::new(|| {
    let id = "00000001-0000-4000-8000-000000000000";
    let secret = format!(r#"{{"tenant_id":"{id}","client_id":"{id}","client_secret":"fuzz~0123456789"}}"#);
    Endpoints::of(&Tenant::parse("m365/fuzz", &secret).unwrap(), &RootOverrides::default())
});

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let _ = decode_listing(body, &ENDPOINTS, Timestamp::UNIX_EPOCH);
    let _ = decode_subscriptions(body);
    assert!(decode_token(body).is_none_or(|lifetime| !lifetime.is_negative()));
    let _ = block_on(decompress(&[], vec![Bytes::copy_from_slice(body)]));

    // Bodies quote the request at times.
    let quoting = [body, CREDENTIAL.as_bytes(), body].concat();
    let failure = decode_error(100 + status % 500, &[], &quoting, &Secret::new(CREDENTIAL), Timestamp::UNIX_EPOCH);
    let message = format!("{failure:#}");
    assert!(message.chars().count() <= LONGEST_MESSAGE + ADDRESS.len(), "{message}");
    assert!(!message.contains(['\n', '\r', '\0']), "{message}");
    assert!(!message.contains(CREDENTIAL), "{message}");
});
