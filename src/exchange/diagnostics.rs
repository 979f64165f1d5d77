//! Why did Exchange or Lync refuse? `ms-diagnostics` and its relatives, decoded ([MS-OCER]).

use crate::input::list;

/// `ErrorId;source="fqdn";reason="text"`, with further parameters in any order and any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The error identifier, such as 15501.
    pub id: u32,
    /// The part behind a dot, where there is one: `ErrorId.Sub`.
    pub sub: Option<u32>,
    /// Names in lower case, and values without their quotes.
    pub parameters: Vec<(String, String)>,
}

impl Diagnostics {
    /// Reads a header value, or the beginning of an event's text; `None` if it does not begin with a number.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = list::split_outside_quotes(value, ';');
        let (id, sub) = match parts.next()?.trim().split_once('.') {
            Some((id, sub)) => (id.to_owned(), sub.parse().ok()),
            None => (value.split(';').next()?.trim().to_owned(), None),
        };
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), list::unquoted(value.trim())))
        });
        let id = id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok()).flatten()?;
        Some(Self { id, sub, parameters: parameters.collect() })
    }

    /// Every diagnostics header among the names and values of a message's header fields, with its name.
    pub fn among<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, Self)> {
        let is_one = |name: &str| name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("ms-diagnostics"));
        fields.filter(|(name, _)| is_one(name)).filter_map(|(name, value)| Some((name, Self::parse(value)?))).collect()
    }

    /// The value of a parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// Whether its number is known to stand for one reason, which leaves no room for another.
    pub fn names_its_reason(&self) -> bool {
        matches!(self.id, 15000 | 15500 | 15501 | 15503 | 15604 | 15647)
    }

    /// One line: the number, what is known of it, and the sender's own reason.
    pub fn text(&self) -> String {
        let mut text = self.sub.map_or_else(|| self.id.to_string(), |sub| format!("{}.{sub}", self.id));
        if let Some(meaning) = meaning(self.id) {
            text = format!("{text} ({meaning})");
        }
        if let Some(reason) = self.parameter("reason") {
            text = format!("{text} \"{reason}\"");
        }
        if let Some(source) = self.parameter("source") {
            text = format!("{text} from {source}");
        }
        text
    }
}

/// What a number stands for. `probably` marks what was concluded rather than documented or captured.
pub const fn meaning(id: u32) -> Option<&'static str> {
    Some(match id {
        15000 => "properties of the user or contact cannot be read",
        15500 => "probably too many calls",
        15501 => "probably no worker process",
        15503 => "probably the disk is full",
        15604 => "probably a transient error",
        15637 | 15643 => "probably a redirected call",
        15638 | 15644 => "probably a received call",
        15647 => "no access to Active Directory",
        15001..=15499 => "Exchange UM, probably its Lync or Skype for Business routing",
        15502 | 15504..=15999 => "Exchange UM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_form() {
        let value = "15501;source=\"cas1.example.com\";reason=\"No worker; none\";component=\"UM\"";
        let diagnostics = Diagnostics::parse(value).unwrap();
        assert_eq!(diagnostics.id, 15501);
        assert_eq!(diagnostics.parameter("component"), Some("UM"));
        assert_eq!(diagnostics.text(), "15501 (probably no worker process) \"No worker; none\" from cas1.example.com");
    }

    #[test]
    fn any_order_any_case_unquoted_and_sub_codes() {
        let diagnostics = Diagnostics::parse("15000.7; Reason=\"it said \\\"no\\\"\"; Source= host ").unwrap();
        assert_eq!((diagnostics.id, diagnostics.sub), (15000, Some(7)));
        assert_eq!(diagnostics.parameter("source"), Some("host"));
        assert_eq!(diagnostics.parameter("reason"), Some("it said \"no\""));
    }

    #[test]
    fn what_is_no_number_is_no_diagnostics() {
        for value in ["", ";", "x;reason=\"y\"", "-1", "99999999999", "+5;a=b"] {
            assert_eq!(Diagnostics::parse(value), None, "{value:?}");
        }
    }

    #[test]
    fn an_open_quote_ends_with_the_text() {
        assert_eq!(Diagnostics::parse("1;reason=\"a;b").unwrap().parameter("reason"), Some("a;b"));
    }

    #[test]
    fn all_headers_of_an_answer_are_found() {
        let fields = [
            ("MS-DIAGNOSTICS-PUBLIC", "15638;reason=\"a\""),
            ("ms-diagnostics", "1;reason=\"b\""),
            ("ms-diagnose", "2"),
        ];
        let ids: Vec<_> = Diagnostics::among(fields.into_iter()).into_iter().map(|(_, each)| each.id).collect();
        assert_eq!(ids, [15638, 1]);
    }
}
