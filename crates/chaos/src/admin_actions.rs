//! Events between two polls: actions of an administrator, changes of clock skew, and invalid listings.

use std::time::Duration;

use collector::tenant::Tenant;
use jiff::SignedDuration;
use management_api_simulator::{Fault, FaultKind, Match, Operation, SECRET_PREFIX, Secret, Tenant as SimulatedTenant};

use crate::deployment::Deployment;
use crate::simulation::{ClientSecret, Simulation};

/// Fewer ages and more, an older first and a younger oldest one: content is listed up to two days late.
const CHANGED_AGES_MINUTES: [&[i64]; 4] =
    [&[8_640], &[0, 60, 720, 8_640], &[15, 180, 1_440, 4_320, 8_640], &[30, 4_320]];

impl Simulation {
    pub(crate) fn apply_admin_actions(&self) {
        let (faults, profile) = (self.faults(), &self.deployment.profile);
        let ClientSecret { number, store_at } = self.secret.get();
        if store_at.is_some_and(|at| at <= self.deployment.time.now()) {
            self.store_secret(number);
        }
        if self.auditing_disabled.replace(false) {
            self.microsoft.set_auditing(self.tenant_id, true);
        }
        if faults.happens("admin: subscription disabled", profile.admin_action_rate) {
            let content_type = faults.random.choose("content type to disable", &profile.content_types).as_str();
            if self.microsoft.subscription(self.tenant_id, content_type) == Some(true) {
                self.log(format!("subscription {content_type} disabled"));
                self.microsoft.stop_subscription(self.tenant_id, content_type);
            }
        }
        if faults.happens("admin: auditing temporarily disabled", profile.admin_action_rate / 2.0) {
            self.microsoft.set_auditing(self.tenant_id, false);
            self.auditing_disabled.set(true);
        }
        if faults.happens("admin: tokens revoked", profile.admin_action_rate) {
            self.microsoft.revoke_tokens(self.tenant_id);
        }
        if faults.happens("admin: secret rotated", profile.admin_action_rate) {
            self.rotate_secret();
        }
        if faults.happens("clocks: skew changed", 0.03) {
            self.change_clock_skew();
        }
        if faults.happens("Microsoft: invalid listing", 0.03) {
            let foreign_origin = || "http://127.0.0.1:9".to_owned();
            let kind = match faults.random.between("kind of invalid listing", 0, 5) {
                0 => FaultKind::MissingContentId,
                1 => FaultKind::MissingContentUri,
                2 => FaultKind::ForeignContentUri { origin: foreign_origin() },
                3 => FaultKind::ForeignNextPage { origin: foreign_origin() },
                4 => FaultKind::RepeatNextPage,
                _ => FaultKind::StallHead(Duration::from_secs(2)),
            };
            self.microsoft.inject(Fault::new(Match::operation(Operation::ListContent), kind).times(2));
        }
    }

    /// What begins or ends with this poll.
    pub(crate) fn apply_incidents(&self, poll: i64) {
        let (deployment, faults) = (&self.deployment, self.faults());
        let profile = &deployment.profile;
        if profile.fetchers_stopped.start == poll && !profile.fetchers_stopped.is_empty() {
            faults.count("incident: fetchers stand still for up to three days");
        }
        if !profile.listing_fails.is_empty() && profile.listing_fails.start == poll {
            faults.count("incident: the listing of a type fails for a day");
            let content_type = profile.content_types[0].as_str();
            let on = Match::operation(Operation::ListContent).content_type(content_type);
            self.microsoft
                .inject(Fault::new(on, FaultKind::Error { status: 500, code: "AF50000".to_owned() }).always());
        }
        if !profile.listing_fails.is_empty() && profile.listing_fails.end == poll {
            self.microsoft.clear_faults();
        }
        if profile.ages_changed_at == poll {
            faults.count("incident: the ages of rechecks are changed");
            let ages = faults.random.between("changed ages", 0, CHANGED_AGES_MINUTES.len() as i64 - 1);
            *deployment.recheck_ages_minutes.borrow_mut() = CHANGED_AGES_MINUTES[ages as usize].to_vec();
        }
    }

    /// From now on Entra accepts only the new secret, while Secrets Manager holds the old one for some more minutes.
    fn rotate_secret(&self) {
        let old = self.secret.get().number;
        let new = old + 1;
        self.microsoft.add_secret(self.tenant_id, Secret::new(secret(new)));
        self.microsoft.remove_secret(self.tenant_id, &secret(old));
        let minutes = if self.faults().happens("admin: secret repaired on the sixth day", 0.1) {
            self.faults().random.between("secret delay of days", 5 * 1_440, 6 * 1_440)
        } else {
            self.faults().random.between("secret delay", 1, 600)
        };
        let delay = SignedDuration::from_mins(minutes);
        self.log(format!("secret {new} is valid, and will be stored {delay:#} later"));
        self.secret.set(ClientSecret { number: new, store_at: Some(self.deployment.time.now() + delay) });
    }

    pub(crate) fn store_secret(&self, number: u32) {
        let mut json: serde_json::Value =
            serde_json::from_str(&SimulatedTenant::example(1).credentials_json()).unwrap();
        let names = self.deployment.profile.content_types.iter().map(|content_type| content_type.as_str());
        json["content_types"] = names.collect::<Vec<_>>().into();
        json["client_secret"] = secret(number).into();
        self.deployment.tenants.put(Tenant::parse("m365/customer", &json.to_string()).unwrap());
        self.secret.set(ClientSecret { number, store_at: None });
    }

    pub(crate) fn change_clock_skew(&self) {
        let Deployment { poller, fetcher, reconciler, profile, .. } = &self.deployment;
        for environment in [poller, fetcher, reconciler] {
            let seconds =
                self.faults().random.between("skew", -60 * profile.max_skew_minutes, 60 * profile.max_skew_minutes);
            environment.skew.set(SignedDuration::from_secs(seconds));
            self.log(format!("a clock is {seconds} s ahead"));
        }
    }
}

fn secret(number: u32) -> String {
    format!("{SECRET_PREFIX}{number}")
}
