//! Published, archived, reported lost: whether it adds up, record by record.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

use collector::feed::{ContentType, FeedId, TenantId};
use collector::loss::{Loss, LossReason};
use collector::ports::WindowLog;
use flate2::read::GzDecoder;
use jiff::SignedDuration;

use crate::feed_checker::Evidence;
use crate::figures::Figures;
use crate::simulation::Life;

/// What came of a seed. Without problems, all is as it should be.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) figures: Figures,
    pub(crate) problems: Vec<String>,
}

impl Judgement {
    pub(crate) async fn of(life: &Life) -> Self {
        let mut judgement = Self { figures: life.figures(), ..Self::default() };
        let mut archived = judgement.read_archive(life);
        for content_type in life.collector.shape.content_types.iter().copied() {
            let feed = FeedId { tenant_id: TenantId(life.customer), content_type };
            let kept = WindowLog::losses(&life.collector.table.rows, feed).await.unwrap();
            let unreported = kept.iter().filter(|kept| !kept.reported);
            judgement.problems.extend(unreported.map(|kept| format!("{feed}: nobody was told of {:?}", kept.loss)));
            let losses: Vec<Loss> = kept.into_iter().map(|kept| kept.loss).collect();
            for loss in &losses {
                *judgement.figures.losses.entry(loss.reason.as_str()).or_default() += 1;
            }
            let spans: Vec<&Loss> = losses.iter().filter(|loss| loss.reason == LossReason::NotRechecked).collect();
            let overlap = |one: &Loss, other: &Loss| one != other && one.from < other.to && other.from < one.to;
            let overlapping = spans.iter().filter(|one| spans.iter().any(|other| overlap(one, other)));
            judgement.problems.extend(overlapping.map(|loss| format!("{feed}: told more than once: {loss:?}")));
            let gone = life.lost_contents(&losses).await;
            let listed = life.listed_records(feed, &losses).await;
            let begun = life.collector.table.begun.borrow().get(&feed).copied();
            let Some((begun, polled_since)) = begun else {
                judgement.problems.push(format!("{feed} was never begun"));
                continue;
            };
            let archived = archived.remove(&content_type).unwrap_or_default();
            judgement.weigh(life, Evidence { feed, begun, polled_since, losses, gone, listed, archived });
        }
        judgement.problems.extend(archived.keys().map(|stranger| format!("{stranger} was not asked for")));
        judgement.check_rest(life);
        judgement
    }

    /// The records of all objects: whole lines, as many as the object says of itself, each content in one object.
    fn read_archive(&mut self, life: &Life) -> BTreeMap<ContentType, HashMap<Vec<u8>, u64>> {
        let mut archived: BTreeMap<ContentType, HashMap<Vec<u8>, u64>> = BTreeMap::new();
        let mut contents = HashSet::new();
        for (key, object) in life.collector.bucket.objects() {
            let mut text = Vec::new();
            let read = GzDecoder::new(object.bytes.as_slice()).read_to_end(&mut text);
            let lines = text.split_inclusive(|byte| *byte == b'\n');
            let whole = lines.clone().all(|line| line.ends_with(b"\n"));
            if read.is_err() || !whole || lines.clone().count() as u64 != object.metadata.records {
                self.problems.push(format!("object {key} is broken"));
            }
            let records = archived.entry(object.metadata.content_type).or_default();
            for line in lines {
                *records.entry(line[..line.len() - 1].to_vec()).or_default() += 1;
            }
            self.figures.objects += 1;
            if !contents.insert(object.metadata.content_id.clone()) {
                self.figures.duplicated_objects += 1;
                self.problems.push(format!("content {} has two objects", object.metadata.content_id));
            }
        }
        for key in life.collector.bucket.altered.borrow().iter() {
            self.problems.push(format!("object {key} was replaced by another"));
        }
        archived
    }

    /// Nothing is left to do, and no loss was told before it was one.
    fn check_rest(&mut self, life: &Life) {
        let collector = &life.collector;
        let (queued, dead) = collector.sqs.lengths();
        if queued + dead > 0 {
            self.problems.push(format!("{queued} messages and {dead} dead letters are left"));
        }
        for content_type in collector.shape.content_types.iter().copied() {
            let feed = FeedId { tenant_id: TenantId(life.customer), content_type };
            for record in collector.table.rows.committed(feed) {
                self.figures.windows += 1;
                let age = collector.time.now().duration_since(record.listed_at);
                let due = SignedDuration::from_hours(2) < age && age < SignedDuration::from_hours(7 * 24);
                if due && record.settled_at.is_none() {
                    let missing: Vec<_> = record.missing.values().collect();
                    self.problems.push(format!("{feed}: window {} is not settled: {missing:?}", record.window));
                }
            }
        }
        for (feed, loss, reported_at) in collector.table.kept.borrow().iter() {
            if let Some(why) = life.premature(*feed, loss, *reported_at) {
                self.problems.push(format!("{feed}: told at {reported_at}: {loss:?}, but {why}"));
            }
        }
        if let Err(violations) = life.microsoft.verify() {
            self.problems.extend(violations.into_iter().filter(|violation| !violation.starts_with("unused fault")));
        }
    }
}
