//! Is a final response the one that was hoped for? Status code, required headers, allowed methods.

use std::str::FromStr;
use std::time::Duration;

use regex_lite::Regex;

use super::expect::StatusRules;
use super::head;
use super::message::Response;
use super::uac::Answer;
use crate::exchange::diagnostics::Diagnostics;
use crate::report::{Class, Failure, State, excerpt};
use crate::time::words::precisely;

/// What a final response has to be like.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its status code.
    pub statuses: StatusRules,
    /// Headers that must be there and match.
    pub headers: Vec<HeaderPattern>,
    /// Methods that Allow must list.
    pub allow: Vec<String>,
}

impl Expected {
    /// The first line's text for an answer that is as expected and came after `time`; otherwise a failure that says what
    /// is not.
    pub fn judge(&self, answer: &Answer, peer: &str, time: Duration) -> Result<String, Failure> {
        self.judge_said(answer, peer, &format!(" in {}", precisely(time)))
    }

    /// The same with `how` it came, in words that stand behind the peer's name.
    pub(crate) fn judge_said(&self, answer: &Answer, peer: &str, how: &str) -> Result<String, Failure> {
        let response = &answer.response;
        let sender = answer.stranger.map(|stranger| format!(", sent from {stranger}")).unwrap_or_default();
        let whose = answers_for(answer);
        let came = format!("{} from {peer}{how}{sender}{whose}", response.status_text());
        let diagnosis = diagnosis(response);
        let given = self.statuses.state(response.status);
        if given != Some(State::Ok) {
            let asks = matches!(response.status, 401 | 407);
            let class = if asks { Class::Authentication } else { Class::Status };
            let hint = if asks { "the server wants credentials (--username)".to_owned() } else { diagnosis };
            let reason = match given {
                _ if !hint.is_empty() => hint,
                Some(state) => format!("{state}, as --status says"),
                None => format!("expected {}", self.statuses.expected),
            };
            let (advice, causes) = (advice_on(response), said_of_refusal(response));
            return Err(Failure { given, advice, causes, ..Failure::new(class, format!("{came}: {reason}")) });
        }
        let missing =
            self.headers.iter().find_map(|header| header.miss(response)).or_else(|| self.not_allowed(response));
        match missing {
            Some(missing) => Err(Failure::new(Class::Status, format!("{came}, but {missing}"))),
            None if diagnosis.is_empty() => Ok(came),
            None => Ok(format!("{came}: {diagnosis}")),
        }
    }

    fn not_allowed(&self, response: &Response) -> Option<String> {
        // Methods are case-sensitive (RFC 3261 7.1), and Exchange's own UM services write `Allow: Invite`: the case is
        // nothing that an operator could do anything about.
        let is_allowed = |method: &&String| response.allowed().any(|each| each.eq_ignore_ascii_case(method));
        let missing: Vec<_> = self.allow.iter().filter(|method| !is_allowed(method)).map(String::as_str).collect();
        let allowed = excerpt(&response.allowed().collect::<Vec<_>>().join(", "), 120);
        match response.head.value("Allow") {
            _ if missing.is_empty() => None,
            None => Some("there is no Allow header".to_owned()),
            Some(_) => Some(format!("Allow lacks {} (it lists: {allowed})", missing.join(", "))),
        }
    }
}

/// For whom an answer is, where that is somebody else than was asked, in words that stand behind others.
pub(crate) fn answers_for(answer: &Answer) -> String {
    answer.answers_for.iter().map(|uri| format!(", its To says {}", excerpt(uri, 80))).collect()
}

/// Why a server refuses, and until when, as far as it says so in a header (RFC 3326, RFC 3261 20.43 and 20.33).
fn said_of_refusal(response: &Response) -> Vec<String> {
    let said = |name| response.head.values(name).map(move |value| format!("{name}: {}", excerpt(value, 200)));
    ["Reason", "Warning", "Retry-After"].into_iter().flat_map(said).take(MAX_SAID).collect()
}

/// Facts about a final response that every report of it carries: names in snake_case and values.
pub(crate) fn facts(answer: &Answer) -> Vec<(String, String)> {
    let head = &answer.response.head;
    let mut facts = vec![("status_line".to_owned(), head.start_line.clone())];
    for (name, field) in [
        ("server", "Server"),
        ("user_agent", "User-Agent"),
        ("allow", "Allow"),
        ("contact", "Contact"),
        ("reason_header", "Reason"),
        ("warning", "Warning"),
        ("retry_after", "Retry-After"),
    ] {
        let values: Vec<_> = head.values(field).collect();
        if !values.is_empty() {
            facts.push((name.to_owned(), values.join(", ")));
        }
    }
    for (name, diagnostics) in Diagnostics::among(head.pairs()) {
        facts.push((name.to_ascii_lowercase().replace('-', "_"), diagnostics.text()));
    }
    if head.malformed > 0 {
        facts.push(("malformed_header_lines".to_owned(), head.malformed.to_string()));
    }
    facts
}

/// Why the server answered as it did, in its own words: its diagnostics, or where it redirects to.
fn diagnosis(response: &Response) -> String {
    let diagnostics: Vec<_> =
        Diagnostics::among(response.head.pairs()).into_iter().map(|(_, each)| each.text()).collect();
    let contact = response.head.value("Contact").filter(|_| (300..400).contains(&response.status));
    let redirect = contact.map(|contact| format!("redirects to {}", excerpt(contact, 120)));
    let texts: Vec<_> = redirect.into_iter().chain(diagnostics.iter().map(|text| excerpt(text, 200))).collect();
    texts.join(", ")
}

/// Whether the sender says that it is Exchange: in Server, or by a diagnostic code of Unified Messaging.
pub(crate) fn is_of_exchange(response: &Response) -> bool {
    let names = ["Server", "User-Agent"].into_iter().flat_map(|name| response.head.values(name));
    let is_named =
        names.map(str::to_ascii_lowercase).any(|name| name.contains("msexchange") || name.starts_with("rtcc/"));
    is_named || Diagnostics::among(response.head.pairs()).iter().any(|(_, each)| OF_EXCHANGE.contains(&each.id))
}

/// What to do about a final response of which more is known than that it is another one than hoped for.
fn advice_on(response: &Response) -> Option<&'static str> {
    let is_about = |id: u32| Diagnostics::among(response.head.pairs()).iter().any(|(_, each)| each.id == id);
    match response.status {
        _ if is_about(NO_DIRECTORY) => Some(
            "The router runs, but does not get at Active Directory: ask check_um_ad_ds of each domain controller that it uses, \
             and look at the Application log of the router for events of MSExchange ADAccess.",
        ),
        404 => Some(
            "The server answers, but does not know whom it is asked for. Give -u a Request-URI that it knows, such as \
             sip:DOMAIN without a port, or take the answer for a good one: --expect 404.",
        ),
        _ => None,
    }
}

/// `--require-header 'Name: regex'`.
#[derive(Clone, Debug)]
pub struct HeaderPattern {
    name: String,
    pattern: Regex,
}

impl HeaderPattern {
    /// What is wrong with a response that no header of this name and pattern is in.
    fn miss(&self, response: &Response) -> Option<String> {
        let values: Vec<_> = response.head.values(&self.name).collect();
        if values.iter().any(|value| self.pattern.is_match(value)) {
            return None;
        }
        Some(match values.first() {
            Some(value) => format!("{} '{}' does not match '{}'", self.name, excerpt(value, 80), self.pattern.as_str()),
            None => format!("there is no {} header", self.name),
        })
    }
}

/// Why a text is not a header pattern.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HeaderPatternError {
    /// Nothing that ends the name.
    #[error("'{0}' has no colon: {EXPECTED_PATTERN}")]
    NoColon(String),
    /// A name that is not a token (RFC 3261, 25.1).
    #[error("'{0}' is not a header name: {EXPECTED_PATTERN}")]
    Name(String),
    /// A regular expression that is none.
    #[error("{0}: {EXPECTED_PATTERN}")]
    Pattern(#[from] regex_lite::Error),
}

impl FromStr for HeaderPattern {
    type Err = HeaderPatternError;

    fn from_str(text: &str) -> Result<Self, HeaderPatternError> {
        let (name, pattern) = text.split_once(':').ok_or_else(|| HeaderPatternError::NoColon(text.to_owned()))?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(head::is_token_byte) {
            return Err(HeaderPatternError::Name(name.to_owned()));
        }
        let pattern = Regex::new(pattern.trim())?;
        Ok(Self { name: head::long_name(name).to_owned(), pattern })
    }
}

/// The diagnostic codes of Exchange's Unified Messaging.
const OF_EXCHANGE: std::ops::RangeInclusive<u32> = 15_000..=15_999;

/// The one for an error of the access to Active Directory.
const NO_DIRECTORY: u32 = 15_647;

/// How many headers of a refusal are shown as its causes.
const MAX_SAID: usize = 8;

const EXPECTED_PATTERN: &str = "expected 'Name: regular expression', such as 'Server: ^RTCC/'";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message;

    fn judged(message: &str, statuses: &str, headers: &[&str], allow: &[&str]) -> Result<String, Failure> {
        let response = message::tests::response(&format!("{message}\r\nCSeq: 1 OPTIONS\r\n\r\n"));
        let answer = Answer { response, took: Duration::ZERO, digest_user: None, stranger: None, answers_for: None };
        let expected = Expected {
            statuses: StatusRules { expected: statuses.parse().unwrap(), rules: vec!["486=warning".parse().unwrap()] },
            headers: headers.iter().map(|header| header.parse().unwrap()).collect(),
            allow: allow.iter().map(|method| (*method).to_owned()).collect(),
        };
        expected.judge(&answer, "cas1.example.com:5060", Duration::from_micros(3_100))
    }

    #[test]
    fn ok_when_200() {
        assert_eq!(judged("SIP/2.0 200 OK", "200", &[], &[]).unwrap(), "200 OK from cas1.example.com:5060 in 3.1 ms");
    }

    #[test]
    fn status_when_503_with_its_diagnosis() {
        let failure = judged(
            "SIP/2.0 503 Service Unavailable\r\nMS-DIAGNOSTICS: 15501;source=\"cas1.example.com\";reason=\"none\"",
            "200",
            &[],
            &[],
        )
        .unwrap_err();
        assert_eq!(failure.class, Class::Status);
        assert_eq!(
            failure.summary,
            "503 Service Unavailable from cas1.example.com:5060 in 3.1 ms: \
             15501 (probably no worker process) \"none\" from cas1.example.com"
        );
    }

    #[test]
    fn what_the_operator_says_of_486_when_it_comes() {
        let failure = judged("SIP/2.0 486 Busy Here", "2xx,4xx", &[], &[]).unwrap_err();
        assert_eq!((failure.class, failure.given), (Class::Status, Some(State::Warning)));
        assert!(
            failure.summary.ends_with("486 Busy Here from cas1.example.com:5060 in 3.1 ms: WARNING, as --status says")
        );
        assert_eq!(judged("SIP/2.0 487 Gone", "2xx", &[], &[]).unwrap_err().given, None);
    }

    #[test]
    fn what_a_refusal_says_in_its_headers_is_its_causes() {
        let answer = "SIP/2.0 503 No\r\nRetry-After: 10\r\nWarning: 399 a \"b\"\r\nReason: Q.850;cause=34";
        let causes = ["Reason: Q.850;cause=34", "Warning: 399 a \"b\"", "Retry-After: 10"];
        assert_eq!(judged(answer, "200", &[], &[]).unwrap_err().causes, causes);
        let many = format!("SIP/2.0 503 No{}", "\r\nWarning: x".repeat(100));
        assert_eq!(judged(&many, "200", &[], &[]).unwrap_err().causes.len(), MAX_SAID);
    }

    #[test]
    fn status_when_302_with_its_contact() {
        let failure = judged("SIP/2.0 302 Moved\r\nCONTACT: <sip:b:5062>", "200", &[], &[]).unwrap_err();
        assert!(failure.summary.ends_with("redirects to <sip:b:5062>"), "{}", failure.summary);
    }

    #[test]
    fn advice_where_more_is_known_of_a_refusal_than_its_code() {
        for (answer, begins) in [
            ("SIP/2.0 503 No\r\nms-diagnostics: 15647;source=\"a\"", Some("The router runs")),
            ("SIP/2.0 404 No\r\nms-diagnostics: 15647;source=\"a\"", Some("The router runs")),
            ("SIP/2.0 404 No", Some("The server answers")),
            ("SIP/2.0 503 No\r\nms-diagnostics: 15501;source=\"a\"", None),
            ("SIP/2.0 503 No", None),
        ] {
            let advice = judged(answer, "200", &[], &[]).unwrap_err().advice;
            assert_eq!(advice.map(|advice| &advice[..begins.map_or(0, str::len)]), begins, "{answer}");
        }
    }

    #[test]
    fn what_the_server_says_of_an_answer_that_is_as_expected_is_said() {
        let said = judged("SIP/2.0 302 Moved\r\nContact: <sip:b:5062>", "3xx", &[], &[]).unwrap();
        assert_eq!(said, "302 Moved from cas1.example.com:5060 in 3.1 ms: redirects to <sip:b:5062>");
    }

    #[test]
    fn facts_of_an_answer_are_those_that_it_has() {
        let facts = |lines: &str| {
            let response = message::tests::response(&format!("SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\n{lines}\r\n\r\n"));
            facts(&Answer { response, took: Duration::ZERO, digest_user: None, stranger: None, answers_for: None })
        };
        let status = ("status_line".to_owned(), "SIP/2.0 200 OK".to_owned());
        assert_eq!(facts("X: y"), std::slice::from_ref(&status));
        let expected = [("server", "a"), ("allow", "INVITE, BYE"), ("malformed_header_lines", "1")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(facts("Server: a\r\nAllow: INVITE\r\nnone\r\nAllow: BYE"), [&[status][..], &expected].concat());
    }

    #[test]
    fn exchange_is_known_by_its_names_and_its_diagnostic_codes() {
        for (line, expected) in [
            ("Server: RTCC/5.0.0.0 MSExchangeUM/15.01.2507.017", true),
            ("User-Agent: RTCC/3.5.0.0", true),
            ("Server: msexchangeum", true),
            ("ms-diagnostics-public: 15638;source=\"a\"", true),
            ("ms-diagnostics: 1034;source=\"a\"", false),
            ("Server: Asterisk PBX, like RTCC/5", false),
            ("X: RTCC/5", false),
        ] {
            let response = message::tests::response(&format!("SIP/2.0 403 No\r\nCSeq: 1 OPTIONS\r\n{line}\r\n\r\n"));
            assert_eq!(is_of_exchange(&response), expected, "{line}");
        }
    }

    #[test]
    fn ok_when_404_is_expected() {
        assert!(judged("SIP/2.0 404 Not Here", "2xx,4xx", &[], &[]).is_ok());
    }

    #[test]
    fn authentication_when_401_without_credentials() {
        let failure = judged("SIP/2.0 401 Unauthorized", "200", &[], &[]).unwrap_err();
        assert_eq!(failure.class, Class::Authentication);
        assert!(failure.summary.ends_with("(--username)"));
    }

    #[test]
    fn status_when_a_required_header_is_absent_or_different() {
        let answer = "SIP/2.0 200 OK\r\nServer: RTCC/5.0.0.0";
        assert!(judged(answer, "200", &["server: ^RTCC/[45]"], &[]).is_ok());
        let different = judged(answer, "200", &["Server: MSExchangeUM"], &[]).unwrap_err();
        assert!(different.summary.ends_with("but Server 'RTCC/5.0.0.0' does not match 'MSExchangeUM'"));
        let absent = judged(answer, "200", &["Supported: ."], &[]).unwrap_err();
        assert!(absent.summary.ends_with("but there is no Supported header"));
    }

    #[test]
    fn status_when_a_required_method_is_not_allowed() {
        let answer = "SIP/2.0 200 OK\r\nALLOW: INVITE\r\nAllow: BYE,ACK";
        assert!(judged(answer, "200", &[], &["invite", "ACK"]).is_ok());
        let failure = judged(answer, "200", &[], &["INVITE", "REFER"]).unwrap_err();
        assert!(failure.summary.ends_with("but Allow lacks REFER (it lists: INVITE, BYE, ACK)"), "{}", failure.summary);
        // Exchange's spelling.
        assert!(judged("SIP/2.0 200 OK\r\nAllow: Invite", "200", &[], &["INVITE"]).is_ok());
        let none = judged("SIP/2.0 200 OK", "200", &[], &["OPTIONS"]).unwrap_err();
        assert!(none.summary.ends_with("but there is no Allow header"), "{}", none.summary);
    }

    #[test]
    fn a_header_pattern_has_a_name_and_a_regular_expression() {
        for text in ["", "Server", ": x", "a b: x", "Server: ("] {
            assert!(text.parse::<HeaderPattern>().is_err(), "{text:?}");
        }
    }
}
