//! Which tenants an invocation is about.

use collector::shard::Shard;
use serde::Deserialize;
use serde_json::Value;

use crate::InvocationError;

/// The fields of an event that limit a run to a part of the tenants. All others are ignored.
#[derive(Deserialize)]
struct ShardFields {
    shard: u64,
    shards: u64,
}

/// The shard that a scheduled event names, and all tenants if it names none.
///
/// # Errors
/// For a shard that does not exist, or fields of another form.
pub fn shard(event: &Value) -> Result<Shard, InvocationError> {
    if event.get("shard").is_none() && event.get("shards").is_none() {
        return Ok(Shard::WHOLE);
    }
    let invalid = |problem: String| InvocationError::new("InvalidEvent", problem);
    let fields = ShardFields::deserialize(event).map_err(|error| {
        invalid(format!("the event names a shard, but not in the form {{\"shard\": 0, \"shards\": 4}}: {error}"))
    })?;
    Shard::new(fields.shard, fields.shards).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_without_a_shard_means_all_tenants() {
        let scheduled = serde_json::json!({"source": "aws.events", "detail-type": "Scheduled Event"});
        assert_eq!(shard(&scheduled).expect("a scheduled event"), Shard::WHOLE);
        assert_eq!(shard(&serde_json::json!({"shard": 3, "shards": 4})).ok(), Shard::new(3, 4).ok());
    }

    #[test]
    fn rejects_an_impossible_shard() {
        for event in [r#"{"shard":4,"shards":4}"#, r#"{"shard":0}"#, r#"{"shard":"0","shards":4}"#, r#"{"shards":0}"#] {
            let event: Value = serde_json::from_str(event).expect("JSON");
            assert!(shard(&event).is_err(), "{event}");
        }
    }
}
