//! Every body of a queue message: it is refused with a reason, or survives being sent again.
#![no_main]

use collector::failure::FailureKind;
use collector::message::ContentMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    match ContentMessage::parse(body) {
        Err(failure) => assert_eq!(failure.kind, FailureKind::InvalidMessage),
        Ok(message) => {
            let sent_again = serde_json::to_string(&message).unwrap();
            assert_eq!(ContentMessage::parse(&sent_again).unwrap(), message);
            let _ = (message.archive_key(), message.digest());
        }
    }
});
