//! The window of a listing, from the parameters `startTime` and `endTime`.

use std::time::Duration;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::{
    clock::{minus, plus},
    http::{
        request::Request,
        response::{Refusal, Response},
    },
    state::feed::Window,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The requested window, validated; without the two parameters, the last 24 hours.
pub(crate) fn requested_window(request: &Request, now: Timestamp) -> Result<Window, Refusal> {
    let (start, end) = match (request.parameter("starttime"), request.parameter("endtime")) {
        (None, None) => {
            return Ok(Window { start: minus(now, DAY), end: now });
        }
        (Some(start), Some(end)) => (parse_instant("startTime", &start)?, parse_instant("endTime", &end)?),
        (Some(_), None) | (None, Some(_)) => return Err(invalid_window("AF20030")),
    };
    if start >= end || plus(start, DAY) < end {
        return Err(invalid_window("AF20030"));
    }
    if start < minus(now, 7 * DAY) {
        return Err(invalid_window("AF20055"));
    }
    Ok(Window { start, end })
}

fn invalid_window(code: &str) -> Refusal {
    Response::refusal(
        400,
        code,
        "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours \
         apart, with the start time prior to end time and start time no more than 7 days in the past.",
    )
}

/// Accepts UTC times in the documented forms `YYYY-MM-DD`, `YYYY-MM-DDTHH:MM` and `YYYY-MM-DDTHH:MM:SS`, and in the
/// form that `NextPageUri` uses, `YYYY-MM-DDTHH:MM:SS.fffffffZ`.
fn parse_instant(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let parsed = if plain.contains('T') {
        plain.parse::<DateTime>().ok()
    } else {
        plain.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0))
    };
    parsed.and_then(|at| at.to_zoned(TimeZone::UTC).ok()).map(|at| at.timestamp()).ok_or_else(|| {
        Response::refusal(400, "AF20002", &format!("Invalid parameter type: {name}. Expected type: datetime"))
    })
}
