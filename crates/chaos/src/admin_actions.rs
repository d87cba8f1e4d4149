//! What people do to the tenant, to the clocks, and to Microsoft.

use std::time::Duration;

use collector::tenant::Tenant;
use jiff::SignedDuration;
use management_api_simulator::{Fault, FaultKind, Match, Operation, SECRET_PREFIX, Secret, Tenant as Customer};

use crate::process::Collector;
use crate::simulation::Life;

impl Life {
    /// What people do to the tenant and to the clocks.
    pub(crate) fn meddle(&self) {
        let (faults, shape) = (self.faults(), &self.collector.shape);
        let (number, reported_at) = *self.secret.borrow();
        if reported_at.is_some_and(|at| at <= self.collector.time.now()) {
            self.put_secret(number);
        }
        if self.audit_off.replace(false) {
            self.microsoft.set_auditing(self.customer, true);
        }
        if faults.happens("admin: subscription disabled", shape.admin) {
            let content_type = faults.chance.one_of("which", &shape.content_types).as_str();
            if self.microsoft.subscription(self.customer, content_type) == Some(true) {
                self.note(format!("stopped {content_type}"));
                self.microsoft.stop_subscription(self.customer, content_type);
            }
        }
        if faults.happens("admin: auditing off for a while", shape.admin / 2.0) {
            self.microsoft.set_auditing(self.customer, false);
            self.audit_off.replace(true);
        }
        if faults.happens("admin: tokens revoked", shape.admin) {
            self.microsoft.revoke_tokens(self.customer);
        }
        if faults.happens("admin: secret rotated", shape.admin) {
            self.rotate();
        }
        if faults.happens("clocks jump", 0.03) {
            self.turn_clocks();
        }
        if faults.happens("Microsoft: a damaged listing", 0.03) {
            let foreign = || "http://127.0.0.1:9".to_owned();
            let what = match faults.chance.between("damage", 0, 5) {
                0 => FaultKind::MissingContentId,
                1 => FaultKind::MissingContentUri,
                2 => FaultKind::ForeignContentUri { origin: foreign() },
                3 => FaultKind::ForeignNextPage { origin: foreign() },
                4 => FaultKind::RepeatNextPage,
                _ => FaultKind::StallHead(Duration::from_secs(2)),
            };
            self.microsoft.inject(Fault::new(Match::operation(Operation::ListContent), what).times(2));
        }
    }

    fn rotate(&self) {
        let (number, _) = *self.secret.borrow();
        self.microsoft.add_secret(self.customer, Secret::new(secret(number + 1)));
        self.microsoft.remove_secret(self.customer, &secret(number));
        let later = SignedDuration::from_mins(self.faults().chance.between("told", 1, 600));
        self.note(format!("secret {} from now on, told {later:#} later", number + 1));
        self.secret.replace((number + 1, Some(self.collector.time.now() + later)));
    }

    pub(crate) fn put_secret(&self, number: u32) {
        let mut json: serde_json::Value = serde_json::from_str(&Customer::example(1).credentials_json()).unwrap();
        let names = self.collector.shape.content_types.iter().map(|content_type| content_type.as_str());
        json["content_types"] = names.collect::<Vec<_>>().into();
        json["client_secret"] = secret(number).into();
        self.collector.tenants.put(Tenant::parse("m365/customer", &json.to_string()).unwrap());
        self.secret.replace((number, None));
    }

    pub(crate) fn turn_clocks(&self) {
        let Collector { poller, fetcher, reconciler, shape, .. } = &self.collector;
        for environment in [poller, fetcher, reconciler] {
            let seconds = self.faults().chance.between("skew", -60 * shape.skew, 60 * shape.skew);
            environment.skew.set(SignedDuration::from_secs(seconds));
            self.note(format!("a clock is {seconds} s ahead"));
        }
    }
}

fn secret(number: u32) -> String {
    format!("{}{number}", SECRET_PREFIX)
}
