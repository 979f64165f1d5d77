//! One `System.PropertyBagData` item for a System Center Operations Manager script probe: everything flat and typed.

use super::{MAX_OUTPUT, Presentation, is_hostile, text};
use crate::report::{HEALTH_SET, Part, Report, excerpt};
use crate::time::calendar::rfc3339;

/// `VariantType` of a property, as the property bag numbers them.
enum Variant {
    Integer(i64),
    Double(f64),
    Text(String),
}

/// One line of XML. A metric is a property of its label, absent when its value is unknown; diagnostics bear their name.
pub(crate) fn render(report: &Report, presentation: Presentation) -> String {
    let end = "</DataItem>\n";
    let mut out = format!(
        "<DataItem type=\"System.PropertyBagData\" time=\"{}\" sourceHealthServiceId=\"{{00000000-0000-0000-0000-000000000000}}\">",
        // The agent's own data writes the offset out.
        rfc3339(report.started.time).replace('Z', "+00:00")
    );
    for (name, value) in properties(report, presentation.verbosity) {
        let (kind, value) = match value {
            Variant::Text(text) => (8, escaped(&excerpt(&text, MAX_TEXT))),
            Variant::Integer(number) => (3, number.to_string()),
            Variant::Double(number) => (5, number.to_string()),
        };
        let property = format!("<Property Name=\"{}\" VariantType=\"{kind}\">{value}</Property>", escaped(&name));
        if out.len() + property.len() + end.len() <= MAX_OUTPUT {
            out.push_str(&property);
        }
    }
    out.push_str(end);
    out
}

fn properties(report: &Report, verbosity: u8) -> Vec<(String, Variant)> {
    let failure = report.failure();
    let failure = failure.as_deref();
    let class = failure.and_then(|finding| finding.class).map_or("", |class| class.name());
    let reason = failure.map_or_else(String::new, |finding| {
        finding.causes.iter().fold(finding.text.clone(), |chain, cause| chain + ": " + cause)
    });
    let stands_for = &report.about.stands_for;
    let text = |text: &str| Variant::Text(text.to_owned());

    let facts = [
        text(report.state().word()),
        Variant::Integer(report.state().exit_code().into()),
        text(report.result()),
        Variant::Text(report.summary()),
        text(class),
        Variant::Text(reason),
        text(failure.map_or("", |finding| finding.advice)),
        text(report.about.name),
        text(HEALTH_SET),
        text(stands_for.probe),
        text(stands_for.monitor),
        text(&report.target.host),
        Variant::Text(report.target.address.map_or_else(String::new, |address| address.to_string())),
        Variant::Integer(report.target.port.unwrap_or_default().into()),
        text(report.target.transport),
        Variant::Text(text::authentication(report)),
        Variant::Text(diagnostics(report)),
        Variant::Text(rfc3339(report.started.time)),
        Variant::Double(report.duration.as_secs_f64()),
    ];
    let facts = OF_EVERY_BAG.iter().zip(facts).map(|(name, value)| ((*name).to_owned(), value));
    let mut properties: Vec<_> = facts.collect();

    let parts: Vec<_> = report.parts.iter().map(|part| part.name.as_str()).collect();
    let metrics = report
        .measured()
        .filter_map(|metric| Some((property_of(metric.label(), &parts), Variant::Double(metric.value()?))));
    properties.extend(metrics);
    let diagnostics =
        report.diagnostics.iter().map(|(name, value)| (property_of(name, &[]), Variant::Text(value.clone())));
    properties.extend(diagnostics);
    properties.extend(report.parts.iter().flat_map(of_part));
    if verbosity >= 3 {
        let of_parts = report.parts.iter().flat_map(|part| &part.report.trace);
        let trace: Vec<_> = report.trace.iter().chain(of_parts).map(String::as_str).collect();
        properties.push(("Trace".to_owned(), Variant::Text(trace.join(" "))));
    }
    properties
}

/// What one check of several says, each property with its name in front; its metrics are among all that were measured.
fn of_part(Part { name, report, .. }: &Part) -> Vec<(String, Variant)> {
    let failure = report.failure();
    let class = failure.as_ref().and_then(|finding| finding.class).map_or("", |class| class.name());
    let own = [
        ("State", report.state().word().to_owned()),
        ("Summary", report.summary()),
        ("FailureClass", class.to_owned()),
        ("Advice", failure.map_or_else(String::new, |finding| finding.advice.to_owned())),
        ("Diagnostics", diagnostics(report)),
    ];
    own.map(|(property, text)| (format!("{name}_{property}"), Variant::Text(text))).into()
}

/// The property of a metric or of a diagnostic fact, of one check or of one of the `parts` of several: its own name, which a
/// workflow must be able to tell from what every bag has, whatever it thinks of capitals.
pub fn property_of(name: &str, parts: &[&str]) -> String {
    let of_part = |part: &&str| name.strip_prefix(*part)?.strip_prefix('_');
    let mut own = parts.iter().filter_map(of_part).chain([name]);
    let is_taken = own.any(|own| OF_EVERY_BAG.iter().any(|known| known.eq_ignore_ascii_case(own)));
    if is_taken { format!("{name}_value") } else { name.to_owned() }
}

/// All diagnostic facts as one text: an alert can only show properties that every bag has.
fn diagnostics(report: &Report) -> String {
    let facts = report.diagnostics.iter().map(|(name, value)| format!("{}: {value}", name.replace('_', " ")));
    facts.collect::<Vec<_>>().join("; ")
}

/// XML 1.0 text or attribute: the five special characters as references, hostile and forbidden ones as a blank.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            _ if is_hostile(c) => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// The names of what every bag has, in its order.
const OF_EVERY_BAG: [&str; 19] = [
    "State",
    "ExitCode",
    "Result",
    "Summary",
    "FailureClass",
    "FailureReason",
    "Advice",
    "Check",
    "HealthSet",
    "Probe",
    "Monitor",
    "Host",
    "Address",
    "Port",
    "Transport",
    "Authentication",
    "Diagnostics",
    "Started",
    "Duration",
];

/// The most of one value, in characters.
const MAX_TEXT: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};

    #[test]
    fn no_property_is_left_out_for_which_there_is_room() {
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        report.diagnostics = (10..99).map(|number| (format!("fact_{number}"), "x".repeat(MAX_TEXT))).collect();
        let bag = render(&report, Presentation::default());
        let property = "<Property Name=\"fact_10\" VariantType=\"8\"></Property>".len() + MAX_TEXT;
        assert!(bag.len() <= MAX_OUTPUT && bag.len() + property > MAX_OUTPUT, "{}", bag.len());
        assert!(bag.ends_with("x</Property></DataItem>\n"));
    }

    #[test]
    fn no_name_is_anothers_in_other_capitals() {
        let parts = ["sip_options", "sip_options_tls", "app_pool"];
        for (name, expected) in [
            ("state", "state_value"),
            ("time", "time"),
            ("app_pool_state", "app_pool_state_value"),
            ("sip_options_tls_port", "sip_options_tls_port_value"),
            ("sip_options_status", "sip_options_status"),
        ] {
            assert_eq!(property_of(name, &parts), expected);
        }
    }

    #[test]
    fn nothing_leaves_its_element() {
        assert_eq!(escaped("<&>\"'\x1b\u{ffff}"), "&lt;&amp;&gt;&quot;&apos;  ");
    }
}
