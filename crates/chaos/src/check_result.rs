//! What the check of a simulation found.

use crate::figures::CampaignFigures;

/// The seed passes if there are no problems.
#[derive(Debug, Default)]
pub(crate) struct CheckResult {
    pub(crate) figures: CampaignFigures,
    pub(crate) problems: Vec<String>,
}
