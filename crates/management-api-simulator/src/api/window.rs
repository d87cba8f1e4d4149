//! The window of a listing: `startTime` and `endTime`.

use std::time::Duration;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::{
    clock::{minus, plus},
    http::{
        request::Call,
        response::{Refusal, Reply},
    },
    state::feed::Window,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The window that the parameters ask for; without any, the last 24 hours.
pub(crate) fn requested_window(call: &Call, now: Timestamp) -> Result<Window, Refusal> {
    let (start, end) = match (call.parameter("starttime"), call.parameter("endtime")) {
        (None, None) => {
            return Ok(Window { start: minus(now, DAY), end: now });
        }
        (Some(start), Some(end)) => (instant("startTime", &start)?, instant("endTime", &end)?),
        (Some(_), None) | (None, Some(_)) => return Err(out_of_rule("AF20030")),
    };
    if start >= end || plus(start, DAY) < end {
        return Err(out_of_rule("AF20030"));
    }
    if start < minus(now, 7 * DAY) {
        return Err(out_of_rule("AF20055"));
    }
    Ok(Window { start, end })
}

fn out_of_rule(code: &str) -> Refusal {
    Reply::refusal(
        400,
        code,
        "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours \
         apart, with the start time prior to end time and start time no more than 7 days in the past.",
    )
}

/// UTC: `YYYY-MM-DD`, `YYYY-MM-DDTHH:MM`, `YYYY-MM-DDTHH:MM:SS`, and what `NextPageUri` has,
/// `YYYY-MM-DDTHH:MM:SS.fffffffZ`.
fn instant(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let parsed = if plain.contains('T') {
        plain.parse::<DateTime>().ok()
    } else {
        plain.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0))
    };
    parsed.and_then(|at| at.to_zoned(TimeZone::UTC).ok()).map(|at| at.timestamp()).ok_or_else(|| {
        Reply::refusal(400, "AF20002", &format!("Invalid parameter type: {name}. Expected type: datetime"))
    })
}
