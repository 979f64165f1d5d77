//! What are the certificates of servers worth, and what is there to say of them? Findings, metrics and diagnostics of each.

use std::net::SocketAddr;

use super::inspect::Inspection;
use super::settings::TlsSettings;
use crate::net;
use crate::report::{Finding, Report, State};
use crate::x509::Chain;
use crate::x509::algorithm::KeyKind;
use crate::x509::expiry::Expiries;
use crate::x509::judgement::{self, Expectations, Judgement};
use crate::x509::scope::Scrutiny;

/// By what certificates are judged.
#[derive(Debug)]
pub(crate) struct Assessment<'a> {
    pub expiries: &'a Expiries,
    pub settings: &'a TlsSettings,
    pub scrutiny: Scrutiny<'a>,
    /// Unix time.
    pub now: i64,
}

impl Assessment<'_> {
    /// Adds to `report` what came of looking, at one server or at each address of several.
    pub(crate) fn add(&self, inspections: Vec<Inspection>, report: &mut Report) {
        let is_alone = inspections.len() == 1;
        let has_one_peer = inspections.iter().all(|each| each.peer == inspections[0].peer);
        let mut labels = Labels::default();
        let mut judged: Vec<(String, Option<Judgement>)> = Vec::new();
        let (mut ends, mut unproved) = (Vec::new(), Vec::new());
        for inspection in inspections {
            let among = if is_alone { None } else { among(&inspection, has_one_peer) };
            let judgement = self.add_one(&inspection, among.as_deref(), report);
            if let Some(judgement) = &judgement {
                let end = judgement.end_if_unmentioned().map(|end| end.said_of(among.as_deref()));
                ends.extend(end.map(|end| (judgement.earliest(), end)));
            }
            if inspection.served.chain.is_some() && !inspection.served.key_is_proved {
                unproved.push(among);
            }
            let label = labels.next(&inspection, has_one_peer);
            judged.extend(label.map(|label| (label, judgement)));
            report.events.extend(inspection.events);
        }
        // Of several the one that ends first says enough.
        ends.sort_by_key(|(left, _)| left.map(|left| left.seconds));
        ends.truncate(1);
        let is_well = report.findings.iter().all(|finding| finding.state == State::Ok);
        let unproved = if is_well { in_words(&unproved) } else { String::new() };
        for (_, end) in ends {
            report.add_finding(Finding { text: format!("{}{unproved}", end.text), ..end });
        }
        report.metrics = judgement::metrics_of_servers(&judged, self.expiries);
    }

    /// What one look has shown, but for when its certificates end.
    fn add_one(&self, inspection: &Inspection, among: Option<&str>, report: &mut Report) -> Option<Judgement> {
        let served = &inspection.served;
        let shown = &mut report.authentication.client_certificate;
        *shown = served.client_certificate_shown.clone().or_else(|| shown.take());
        for (name, fact) in served.diagnostics() {
            report.add_diagnostic(name, among.map_or_else(|| fact.clone(), |among| format!("{fact} ({among})")));
        }
        for failure in inspection.failures() {
            report.add_finding(report.judge(failure).said_of(among));
        }
        report.add_trace(served.chain.iter().flat_map(Chain::iter).map(ToString::to_string));
        let verdict = &served.verdict;
        let expected = Expectations { expiries: self.expiries, name: self.settings.expected_name(verdict), verdict };
        let judgement = judgement::judge_closely(served.chain.as_ref()?, &expected, self.scrutiny, self.now);
        judgement.add_to(report, among);
        Some(judgement)
    }
}

/// That a key has not been proved to be the server's, or of several which.
fn in_words(unproved: &[Option<String>]) -> String {
    let named: Vec<_> = unproved.iter().flatten().map(String::as_str).collect();
    match (unproved, named.as_slice()) {
        ([], _) => String::new(),
        (_, []) => ", the server's possession of its key not proved".to_owned(),
        (_, named) => {
            let more = named.len().saturating_sub(MAX_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(", possession of the key not proved: {}{more}", named[..named.len().min(MAX_NAMED)].join("; "))
        }
    }
}

/// What tells one of several from the others.
fn among(inspection: &Inspection, has_one_peer: bool) -> Option<String> {
    let kind = inspection.kind.map(word);
    if has_one_peer {
        return kind.map(ToOwned::to_owned);
    }
    let peer = inspection.peer.as_ref()?;
    Some(kind.map_or_else(|| peer.to_string(), |kind| format!("{peer}, {kind}")))
}

/// How a certificate is called that has such a key.
const fn word(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa => "RSA",
        KeyKind::Ec(_) => "ECDSA",
        KeyKind::Ed25519 => "Ed25519",
        KeyKind::Ed448 => "Ed448",
        KeyKind::Dsa => "DSA",
        KeyKind::Other => "other",
    }
}

/// What stands behind the labels of metrics: one for each address, and for each kind of keys there.
#[derive(Debug, Default)]
struct Labels {
    /// Of each address, its own part.
    addresses: Vec<(SocketAddr, String)>,
    taken: Vec<String>,
}

impl Labels {
    /// The label of what came of a look; nothing where another has it already, such as an address that two names lead to.
    fn next(&mut self, inspection: &Inspection, has_one_peer: bool) -> Option<String> {
        let kind = inspection.kind.map(|kind| word(kind).to_ascii_lowercase());
        let address = match inspection.peer.as_ref().map(|peer| peer.address) {
            _ if has_one_peer => None,
            None => return None,
            Some(address) => Some(self.of_address(address)?),
        };
        let label = address.into_iter().chain(kind).collect::<Vec<_>>().join("_");
        if self.taken.contains(&label) {
            return None;
        }
        self.taken.push(label.clone());
        Some(label)
    }

    fn of_address(&mut self, address: SocketAddr) -> Option<String> {
        if let Some((_, label)) = self.addresses.iter().find(|(known, _)| *known == address) {
            return Some(label.clone());
        }
        let mut taken = self.addresses.iter().map(|(_, label)| label.clone()).collect();
        let label = net::label_suffix(address, &mut taken)?;
        self.addresses.push((address, label.clone()));
        Some(label)
    }
}

/// How many a first line can name.
const MAX_NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_proved_are_named_as_far_as_there_is_room() {
        let unproved = |count: usize| -> Vec<_> { (0..count).map(|index| Some(format!("cas{index}"))).collect() };
        assert_eq!(in_words(&[]), "");
        assert_eq!(in_words(&[None]), ", the server's possession of its key not proved");
        assert_eq!(in_words(&unproved(2)), ", possession of the key not proved: cas0; cas1");
        assert!(!in_words(&unproved(MAX_NAMED)).contains(" more"));
        assert!(in_words(&unproved(MAX_NAMED + 2)).ends_with(" and 2 more"));
    }
}
