//! Checks the end of a simulation: everything published is archived or reported as lost, and nothing is left to do.

use std::collections::{BTreeMap, HashSet};

use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::{Loss, LossReason};
use collector::open_content::OpenContent;
use jiff::SignedDuration;
use testkit::ArchivedRecords;

use crate::check_result::CheckResult;
use crate::feed_checker::FeedObservations;
use crate::simulation::Simulation;

impl CheckResult {
    pub(crate) async fn of(simulation: &Simulation) -> Self {
        let mut result = Self { figures: simulation.figures(), ..Self::default() };
        let history = simulation.deployment.state.history();
        let mut archived = result.read_archive(simulation);
        for content_type in simulation.deployment.profile.content_types.iter().copied() {
            let feed = FeedId { tenant_id: TenantId(simulation.tenant_id), content_type };
            let recorded = simulation.deployment.state.loss_records(feed);
            let unreported = recorded.iter().filter(|record| !record.is_reported());
            result.problems.extend(unreported.map(|record| format!("{feed}: not reported: {:?}", record.loss)));
            let losses: Vec<Loss> = recorded.into_iter().map(|record| record.loss).collect();
            for loss in &losses {
                *result.figures.losses.entry(loss.reason.as_str()).or_default() += 1;
            }
            let spans: Vec<&Loss> = losses.iter().filter(|loss| loss.reason == LossReason::Unchecked).collect();
            let overlap = |one: &Loss, other: &Loss| one != other && one.from < other.to && other.from < one.to;
            let overlapping = spans.iter().filter(|one| spans.iter().any(|other| overlap(one, other)));
            result.problems.extend(overlapping.map(|loss| format!("{feed}: reported more than once: {loss:?}")));
            let lost_contents = simulation.lost_content_records(&losses).await;
            let listed = simulation.listed_records(feed, &losses).await;
            let first_window = history.first_windows.get(&feed).copied();
            let Some((first_window_start, polled_since)) = first_window else {
                result.problems.push(format!("{feed} was never polled"));
                continue;
            };
            let archived = archived.remove(&content_type).unwrap_or_default();
            let halved = history.replaced.iter().filter(|(of, _)| *of == feed).map(|(_, window)| *window).collect();
            result.check_unlisted(simulation, feed, &losses);
            result.check_feed(
                simulation,
                FeedObservations {
                    feed,
                    first_window_start,
                    polled_since,
                    losses,
                    halved,
                    lost_contents,
                    listed,
                    archived,
                },
            );
        }
        result.problems.extend(archived.keys().map(|other| format!("{other} is archived, but not configured")));
        result.check_quiescence(simulation);
        result
    }

    /// A window that was passed over is listed in the end, or lost.
    fn check_unlisted(&mut self, simulation: &Simulation, feed: FeedId, losses: &[Loss]) {
        for record in simulation.deployment.state.committed(feed).iter().filter(|record| record.unlisted) {
            let lost = Loss::expired(record.window.start(), record.window.end());
            if !losses.contains(&lost) {
                self.problems.push(format!("{feed}: window {} was passed over, and never listed", record.window));
            }
        }
    }

    /// Counts each record of all objects. Problems: an object with a cut line or another number of records than its metadata
    /// say, a content in two objects, an object that came again with other bytes.
    fn read_archive(&mut self, simulation: &Simulation) -> BTreeMap<ContentType, ArchivedRecords> {
        let mut archived: BTreeMap<ContentType, ArchivedRecords> = BTreeMap::new();
        let mut content_ids = HashSet::new();
        for (key, object) in simulation.deployment.archive.objects() {
            if key.starts_with("malformed/") {
                continue;
            }
            let records = archived.entry(object.metadata.content_type).or_default().add(&object.bytes);
            if records != Some(object.metadata.records) {
                self.problems.push(format!("object {key} is incomplete or malformed"));
            }
            self.figures.objects += 1;
            if !content_ids.insert(object.metadata.content_id.clone()) {
                self.figures.duplicated_objects += 1;
                self.problems.push(format!("content {} has two objects", object.metadata.content_id));
            }
        }
        for key in simulation.deployment.archive.changed() {
            self.problems.push(format!("object {key} came again with other bytes"));
        }
        archived
    }

    /// No message is left, every window is settled, no loss was recorded too early, and the simulator saw no violation of
    /// the API's rules.
    fn check_quiescence(&mut self, simulation: &Simulation) {
        let deployment = &simulation.deployment;
        let (queued, dead) = (deployment.queue.len(), deployment.dead_letters.len());
        if queued + dead > 0 {
            self.problems.push(format!("{queued} messages and {dead} dead letters remain"));
        }
        let first_age = deployment.recheck_ages_minutes.borrow().iter().min().copied().unwrap_or_default();
        let first_age = SignedDuration::from_mins(first_age);
        for content_type in deployment.profile.content_types.iter().copied() {
            let feed = FeedId { tenant_id: TenantId(simulation.tenant_id), content_type };
            let open: Vec<String> = deployment.state.open(feed).iter().map(OpenContent::id).collect();
            if !open.is_empty() {
                self.problems.push(format!("{feed}: contents are still open: {open:?}"));
            }
            let compared_until = deployment.state.rechecks_of(feed).compared_until();
            for record in deployment.state.committed(feed) {
                self.figures.windows += 1;
                let is_due =
                    first_age + SignedDuration::from_hours(2) < deployment.time.now().duration_since(record.listed_at);
                if is_due && compared_until.is_none_or(|until| until < record.window.end()) {
                    self.problems.push(format!("{feed}: window {} is not compared with the archive", record.window));
                }
            }
        }
        let history = deployment.state.history();
        self.figures.windows_passed_over = history.passed_over.len() as u64;
        for (feed, loss, recorded_at) in &history.recorded_losses {
            if let Some(why) = simulation.why_premature(&history, *feed, loss, *recorded_at) {
                self.problems.push(format!("{feed}: recorded at {recorded_at}: {loss:?}, but {why}"));
            }
        }
        if let Err(violations) = simulation.microsoft.verify() {
            self.problems.extend(violations.into_iter().filter(|violation| !violation.starts_with("unused fault")));
        }
    }
}
