//! Which final responses are fine, and what is another one worth? For every check that judges one.

use crate::sip::expect::{StatusRule, StatusRules, StatusSet};

/// `--status` and `--expect`; a check that expects something else than 200 says so in its own words.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Expectations")]
pub(crate) struct StatusOptions {
    /// State that final responses are worth, such as 503=warning; codes as in --expect; repeatable, the first one that holds
    /// decides
    #[arg(long = "status", value_name = "CODES=STATE")]
    pub rules: Vec<StatusRule>,

    /// Final responses that are as they should be: codes (200), ranges (480-489), classes (2xx), separated by commas
    /// [default: 200]
    #[arg(long, value_name = "LIST")]
    pub expect: Option<StatusSet>,
}

impl StatusOptions {
    /// The rules, and what is expected by `default` where the operator expects nothing in particular.
    pub(crate) fn rules(&self, default: StatusSet) -> StatusRules {
        StatusRules { rules: self.rules.clone(), expected: self.expect.clone().unwrap_or(default) }
    }
}
