//! `GET audit/{contentId}`: the records of a content id that an earlier listing returned.

use jiff::Timestamp;

use crate::{
    config::Config,
    http::{
        body::{Body, RecordsBody},
        request::Request,
        response::{Refusal, Response},
    },
    records::slice::Content,
    state::TenantState,
};

pub(crate) fn fetch(
    tenant: &TenantState,
    content_id: &str,
    request: &Request,
    config: &Config,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let known = tenant.listed.get(content_id);
    let Some((listed, feed)) = known.and_then(|listed| Some((listed, tenant.feeds.get(listed.content_type)?))) else {
        let message = format!("The specified content ({content_id}) does not exist.");
        return Err(Response::refusal(404, "AF20050", &message));
    };
    if listed.expires <= now {
        let message = format!(
            "Content requested with the key {content_id} has already expired. Content older than 7 days \
             cannot be retrieved."
        );
        return Err(Response::refusal(400, "AF20051", &message));
    }
    let slices: Vec<Content> =
        listed.keys.iter().filter_map(|key| feed.slices.get(key)).map(|stored| stored.content.clone()).collect();
    let format = &config.blobs;
    let body = RecordsBody {
        slices,
        gzip: format.gzip && request.accepts_gzip,
        chunked: format.chunked,
        spaced: format.spaced,
        byte_order_mark: false,
        truncated_at: None,
    };
    Ok(Response::new(200, &format.content_type, Body::Records(body)))
}
