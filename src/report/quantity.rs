//! What is a metric called where its unit is part of its name, and what does it say? One table of all that is measured.
//!
//! Perfdata has a short label and a unit behind the number. OpenMetrics has base units only, whose names end the metric's own:
//! seconds for days, ratios for per cent. A name says the same in every plugin, for one place may collect from all of them.

use std::borrow::Cow;

use super::metric::Uom;

/// One kind of thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Its name in perfdata; `N` stands for the number of one of several, such as of a certificate of the chain.
    pub label: &'static str,
    /// Its name in OpenMetrics.
    pub name: &'static str,
    /// What perfdata counts it in.
    pub unit: Unit,
    /// What it says, as a sentence.
    pub help: &'static str,
}

/// What perfdata counts something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Days: a plain number, because perfdata has no such unit.
    Days,
    /// Per cent.
    Percent,
    /// Things, or a number that stands for a word.
    Number,
}

impl Quantity {
    /// Everything that a check measures, in the order in which it is shown.
    pub const fn all() -> &'static [Self] {
        ALL
    }

    /// What a metric of this name is, and the number in the name of one of several. `None` is what no check measures.
    pub fn of(name: &str) -> Option<(&'static Self, Option<&str>)> {
        let number = name.split('_').find(|word| word.parse::<u32>().is_ok());
        let label = number.map_or(Cow::Borrowed(name), |number| {
            let words = name.split('_').map(|word| if word == number { "N" } else { word });
            Cow::Owned(words.collect::<Vec<_>>().join("_"))
        });
        ALL.iter().find(|quantity| quantity.label == label).map(|quantity| (quantity, number))
    }
}

impl Unit {
    /// The unit behind the number in perfdata.
    pub const fn uom(self) -> Uom {
        match self {
            Self::Seconds => Uom::Seconds,
            Self::Percent => Uom::Percent,
            Self::Days | Self::Number => Uom::None,
        }
    }

    /// A value of perfdata in the base unit.
    pub fn base(self, value: f64) -> f64 {
        match self {
            Self::Seconds | Self::Number => value,
            // Days are exact to a tenth of a second.
            Self::Days => (value * SECONDS_OF_A_DAY * 10.0).floor() / 10.0,
            // Not as many digits as a division leaves behind.
            Self::Percent => (value * 1e7).round() / 1e9,
        }
    }
}

const ALL: &[Quantity] = &[
    seconds("time", "check_um_time_seconds", "From the start of the question to the answer that was waited for."),
    seconds("time_max", "check_um_time_max_seconds", "The longest round trip of a series."),
    seconds("jitter", "check_um_jitter_seconds", "Mean difference of neighbouring round trips of a series."),
    of(Unit::Percent, "loss", "check_um_loss_ratio", "Share of a series that was not answered."),
    seconds("dns", "check_um_dns_seconds", "Name lookup."),
    seconds("connect", "check_um_connect_seconds", "TCP connect."),
    seconds("tls", "check_um_tls_seconds", "TLS handshake."),
    seconds("response", "check_um_response_seconds", "From request to final response."),
    number("retransmissions", "check_um_retransmissions", "Requests sent once more because nobody answered."),
    number("status", "check_um_status_code", "Code of the final response."),
    number("down", "check_um_down_targets", "Targets that are down."),
    seconds("ringing", "check_um_ringing_seconds", "From the call to its ringing."),
    number("redirections", "check_um_redirections", "How often the call was redirected."),
    seconds("target", "check_um_target_seconds", "Answer of the target of a redirection."),
    seconds("release", "check_um_release_seconds", "Taking the call back."),
    number("rtp_packets", "check_um_rtp_packets", "Packets of audio received during the call."),
    days(
        "certificate_days",
        "check_um_certificate_left_seconds",
        "Left of the served certificates, the earliest of them.",
    ),
    days("days_left", "check_um_chain_left_seconds", "Left of the chain, the earliest of its certificates."),
    days("leaf_days_left", "check_um_leaf_left_seconds", "Left of the server's own certificate."),
    days(
        "chain_N_days_left",
        "check_um_issuer_left_seconds",
        "Left of a further certificate of the chain, by its number.",
    ),
    of(
        Unit::Percent,
        "leaf_lifetime_left",
        "check_um_leaf_lifetime_left_ratio",
        "Share of its lifetime that the server's own certificate has left.",
    ),
    number("running", "check_um_running", "Whether the service runs."),
    seconds("uptime", "check_um_uptime_seconds", "Since the service was started."),
    of(Unit::Percent, "rejected", "check_um_rejected_ratio", "Share of the calls of the window that were rejected."),
    number("calls", "check_um_calls", "Calls of the window."),
    number("rejected_calls", "check_um_rejected_calls", "Rejected calls of the window."),
    seconds("history", "check_um_history_seconds", "How much of the window is known."),
    of(
        Unit::Percent,
        "failed",
        "check_um_failed_notifications_ratio",
        "Share of the missed-call notifications that were not proxied.",
    ),
    number("state", "check_um_app_pool_state", "State of the application pool as its counter has it: 3 is running."),
    number("monitors", "check_um_monitors", "Monitors of the health set."),
    number("unhealthy", "check_um_unhealthy_monitors", "Monitors that are not healthy."),
    number("event_N", "check_um_events", "Events of the window, by their number."),
    number("failing", "check_um_failing_checks", "Checks that are not OK."),
    number("checks", "check_um_checks", "Checks that were asked."),
    number(
        "not_asked",
        "check_um_not_asked_checks",
        "Checks that nothing says whom to ask, but for those that are left out.",
    ),
];

const fn of(unit: Unit, label: &'static str, name: &'static str, help: &'static str) -> Quantity {
    Quantity { label, name, unit, help }
}

const fn seconds(label: &'static str, name: &'static str, help: &'static str) -> Quantity {
    of(Unit::Seconds, label, name, help)
}

const fn days(label: &'static str, name: &'static str, help: &'static str) -> Quantity {
    of(Unit::Days, label, name, help)
}

const fn number(label: &'static str, name: &'static str, help: &'static str) -> Quantity {
    of(Unit::Number, label, name, help)
}

const SECONDS_OF_A_DAY: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_names_are_there_once_and_a_name_ends_with_its_base_unit() {
        for (index, one) in ALL.iter().enumerate() {
            let is_other = |other: &&Quantity| other.label == one.label || other.name == one.name;
            assert!(!ALL[..index].iter().any(|other| is_other(&other)), "{one:?} is there twice");
            let unit = match one.unit {
                Unit::Seconds | Unit::Days => "_seconds",
                Unit::Percent => "_ratio",
                Unit::Number => "",
            };
            assert!(one.name.starts_with("check_um_") && one.name.ends_with(unit), "{one:?}");
            // Of what one run measured nothing is a counter, which is what these would say.
            assert!(!["_total", "_count", "_sum", "_bucket"].iter().any(|end| one.name.ends_with(end)), "{one:?}");
            assert!(one.help.ends_with('.') && !one.help.contains(['\\', '\n', '"']), "{one:?}");
        }
    }

    #[test]
    fn a_number_in_a_name_is_that_of_one_of_several() {
        let of = |name| Quantity::of(name).map(|(quantity, number)| (quantity.name, number));
        assert_eq!(of("time"), Some(("check_um_time_seconds", None)));
        assert_eq!(of("event_1647"), Some(("check_um_events", Some("1647"))));
        assert_eq!(of("chain_2_days_left"), Some(("check_um_issuer_left_seconds", Some("2"))));
        assert_eq!(of("nonsense"), None);
    }

    #[test]
    fn values_are_in_base_units() {
        assert_eq!(Unit::Percent.base(33.3), 0.333);
        assert_eq!(Unit::Days.base(0.5), 43_200.0);
        assert_eq!(Unit::Days.base(-1.0), -86_400.0);
        assert_eq!(Unit::Seconds.base(0.0031), 0.0031);
    }
}
