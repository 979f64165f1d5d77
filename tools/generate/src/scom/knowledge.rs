//! What should an operator know who sees the alert? Knowledge articles, from the plugins' own advice.

use check_um::checks::schedule::{ScheduledService, Vantage};
use check_um::door::report::{Class, HEALTH_SET, Policy};

use super::Watched;
use crate::register::{plugins, services};
use crate::sip_server::{Asks, Transport, asks};

/// A title and its paragraphs.
pub type Section = (&'static str, Vec<String>);

/// Of the monitor of a check; on the server itself, or from a host that asks it.
pub fn monitor(watched: &Watched, check: &ScheduledService, is_on_server: bool) -> Vec<Section> {
    let about = watched.plugin.about;
    let stands_for = &about.stands_for;
    let question = watched.plugin.command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut summary = vec![format!("{question}. {} runs it every {}.", about.name, minutes(check.interval))];
    if asks(check.name).is_none() {
        summary.push(format!("It stands for the monitor {} of the health set {}.", stands_for.monitor, HEALTH_SET));
        if !stands_for.probe.is_empty() {
            summary.push(format!("It asks what the probe {} asks.", stands_for.probe));
        }
    }
    let first = services().find(|other| Some(other.name) == check.depends_on);
    if let Some(first) = first.filter(|_| is_on_server) {
        summary
            .push(format!("Look at the monitor {} first: while that fails, this one says nothing new.", first.title));
    }
    vec![
        ("Summary", summary),
        ("Configuration", configuration(watched, check, is_on_server)),
        ("Causes and resolutions", causes(watched, check)),
        (
            "Is it still so?",
            vec![
                "Run the task Run the probe now, or the plugin by hand: it asks the same question again and \
             prints the whole report. A good run makes the monitor Healthy by itself."
                    .to_owned(),
            ],
        ),
    ]
}

fn configuration(watched: &Watched, check: &ScheduledService, is_on_server: bool) -> Vec<String> {
    let mut texts: Vec<_> =
        of_a_choice(check).map(|text| format!("Disabled until it is overridden: {text}")).into_iter().collect();
    texts.push(format!(
        "A bad state counts from the {} run in a row (Runs in a row); a good one at once. UNKNOWN, when the question \
         could not be answered, is a Warning.",
        ordinal(check.attempts)
    ));
    let names: Vec<_> = watched
        .parameters
        .iter()
        .filter(|parameter| parameter.is_overrideable())
        .map(|parameter| format!("{} ({})", parameter.title(), parameter.help().trim_end_matches('.')))
        .collect();
    texts.push(format!("Overrides: Interval (seconds), {}, Runs in a row.", names.join(", ")));
    if is_on_server {
        texts.push(
            "Give an override of the monitor to the rules of the same check, too: the agent runs the plugin once for all \
             of them as long as they agree to the letter."
                .to_owned(),
        );
        if matches!(check.vantage, Vantage::Network | Vantage::Tls | Vantage::Call | Vantage::Whole) {
            texts.push("The host that is asked is this server by its own name, as its callers ask it.".to_owned());
        }
    }
    texts
}

/// Why a check is disabled by default, and what it needs.
fn of_a_choice(check: &ScheduledService) -> Option<&'static str> {
    match asks(check.name) {
        Some(Asks::Options(Transport::Udp)) => None,
        Some(Asks::Options(Transport::Tcp)) => Some("for a server that speaks SIP over TCP."),
        Some(Asks::Options(Transport::Tls) | Asks::Certificate) => Some(
            "for a server that speaks SIP over TLS. An authority that this host does not know, or a certificate that nobody has \
             signed, stands in the override of Options: --ca-file /etc/check-um/ca.pem, or --fingerprint SHA256.",
        ),
        Some(Asks::Targets) => Some(
            "it asks each server that the SRV records of a domain name. The domain stands in the override of Host, where the \
             file does not name it; how many may be down in that of Options: --down-warning 1 --down-critical 2.",
        ),
        Some(Asks::Call) => Some(
            "it calls, and hangs up. Whom to call stands in the override of Options: -u sip:echo@pbx1.example.com, and \
             --transport tcp or tls where the server has no UDP.",
        ),
        None => match check.vantage {
            Vantage::Tls => Some(
                "the router's default startup mode speaks no TLS (Get-UMCallRouterSettings: UMStartupMode; TLS or Dual is what \
                 this check needs).",
            ),
            Vantage::Call => Some(
                "the router counts the call of anybody but a UM IP gateway as rejected. Whom to call stands in the override of \
                 Options: -u sip:5000@cas1.example.com.",
            ),
            Vantage::Whole => Some(
                "it asks in one run what the other monitors ask, for a site that wants one monitor in place of them, which are \
                 to be disabled then. Its task runs the whole health set at any time.",
            ),
            Vantage::Network | Vantage::Agent | Vantage::Directory => None,
        },
    }
}

/// One paragraph for each advice, with the classes of failure that it is for.
fn causes(watched: &Watched, check: &ScheduledService) -> Vec<String> {
    let about = watched.plugin.about;
    let policy = Policy::new(about.defaults.to_vec());
    let advise = |class| watched.plugin.advise(asks(check.name).is_none(), class);
    let mut said: Vec<(String, &'static str)> = vec![("a violated threshold".to_owned(), advise(None))];
    for class in about.classes() {
        let cause = format!("{class} ({})", policy.state(class).word());
        let advice = advise(Some(class));
        match said.iter_mut().find(|(_, known)| *known == advice) {
            Some((causes, _)) => *causes = format!("{causes}, {cause}"),
            None => said.push((cause, advice)),
        }
    }
    let mut texts = vec!["The alert names the class of the failure; this is what to do about each.".to_owned()];
    texts.extend(said.into_iter().map(|(causes, advice)| format!("{causes}: {}", advice.replace('\n', " "))));
    texts
}

/// Of the roll-up.
pub fn health_set() -> Vec<Section> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    vec![
        (
            "Summary",
            texts(&[
                "The worst state of all checks of this Call Router. It bears the name of the health set that Exchange 2013 \
             and 2016 keep about themselves, and asks the same questions from outside of Exchange.",
            ]),
        ),
        (
            "Causes and resolutions",
            texts(&[
                "Health Explorer shows which check it is; that one's article says what to do. Begin with the service: while \
             it does not run, most of the others say nothing new.",
                advice("check_um_sip_options", Some(Class::Status)),
            ]),
        ),
        ("Is it still so?", texts(&[advice("check_um_health_set", None)])),
    ]
}

/// Of the roll-up of another SIP server.
pub fn sip_server() -> Vec<Section> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    vec![
        ("Summary", texts(&["The worst state of all checks of this SIP server, as the host on Linux sees it."])),
        (
            "Causes and resolutions",
            texts(&[
                "Health Explorer shows which check it is; that one's article says what to do. Begin with SIP OPTIONS: while the \
                 server does not answer them, the others say nothing new.",
            ]),
        ),
    ]
}

/// What one of the plugins advises.
fn advice(plugin: &str, class: Option<Class>) -> &'static str {
    let known = plugins().into_iter().find(|known| known.about.name == plugin);
    known.map_or_else(|| panic!("no check {plugin}"), |known| known.about.advise(class))
}

fn minutes(minutes: u32) -> String {
    match minutes {
        1 => "minute".to_owned(),
        minutes if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}

fn ordinal(number: u32) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        number => format!("{number}th"),
    }
}
