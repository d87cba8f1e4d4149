//! What is stored of malformed bodies.

use collector::content::{ContentDigest, malformed_prefix};
use collector::failure::Failure;
use collector::feed::FeedId;
use collector::ports::MalformedBodies;
use jiff::Timestamp;

use crate::archive::S3Archive;
use crate::failure::sdk_failure;

impl MalformedBodies for S3Archive {
    async fn malformed(&self, feed: FeedId, content: ContentDigest, day: Timestamp) -> Result<Vec<String>, Failure> {
        let prefix = format!("{}/{}/{content}.", self.prefix, malformed_prefix(feed, day));
        // At most two objects have this prefix.
        let listing = self.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix).send().await;
        let listing =
            listing.map_err(|error| sdk_failure(format_args!("listing s3://{}/{prefix}*", self.bucket), error))?;
        let keys = listing.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
        let below_prefix = keys.filter_map(|key| Some(key.strip_prefix(&format!("{}/", self.prefix))?.to_owned()));
        Ok(below_prefix.collect())
    }
}
