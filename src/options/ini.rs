//! What does a section of an ini file say, in the Monitoring Plugins' format?
//!
//! `key = value`; `key` alone is an option without a value, a key of one letter a short option. `#` and `;` begin a comment in
//! front of a line and behind a `[section]`; behind a value `#` does where a blank stands before it, but for secrets.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IniEntry {
    /// Its line, from 1.
    pub line: usize,
    /// The key, without leading dashes.
    pub key: String,
    /// What stands behind the `=`, `None` without one; of an option without its comment and its quotes.
    pub value: Option<String>,
}

impl IniEntry {
    /// The argument of a command line that it stands for.
    pub(super) fn argument(&self) -> String {
        let dashes = if self.key.chars().count() == 1 { "-" } else { "--" };
        match &self.value {
            // A short option takes its value glued to it, so that a value may begin with a dash.
            Some(value) if dashes == "-" => format!("-{}{value}", self.key),
            Some(value) => format!("--{}={value}", self.key),
            None => format!("{dashes}{}", self.key),
        }
    }
}

/// What an ini text can be wrong about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IniError {
    /// A line of the section that is neither a comment nor an entry; its number, from 1.
    BadLine(usize),
    /// The section's header has no `]`, or something other than a comment behind it; its line, from 1.
    BadHeader(usize),
    /// The section does not exist.
    NoSection,
}

/// The sections of an ini text: the line of each header, from 1, and its name.
pub(super) fn headers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter_map(|(number, line)| Some((number, Header::of(line)?.name)))
}

/// A line that begins a section.
struct Header<'a> {
    name: &'a str,
    /// Whether nothing but a comment stands behind the `]`.
    is_whole: bool,
}

impl<'a> Header<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let header = line.strip_prefix('[')?;
        let (name, rest) = header.split_once(']').map_or((header, None), |(name, rest)| (name, Some(rest)));
        let is_whole = rest.is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with(COMMENT));
        // What was left open may end in a comment, too.
        let name = if rest.is_some() { name } else { name.split(COMMENT).next().unwrap_or_default() };
        Some(Self { name: name.trim(), is_whole })
    }
}

/// The entries of one section of an ini text, in their order. A section that is there twice is read as one.
pub fn entries(text: &str, section: &str) -> Result<Vec<IniEntry>, IniError> {
    let mut found = false;
    let mut inside = false;
    let mut entries = Vec::new();
    // Some editors of Windows begin with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        if let Some(Header { name, is_whole }) = Header::of(line) {
            inside = name == section;
            // To pass over a header that was meant for this section would be to pass over what stands below it.
            if inside && !is_whole {
                return Err(IniError::BadHeader(number));
            }
            found |= inside;
            continue;
        }
        if inside {
            entries.push(entry(number, line).ok_or(IniError::BadLine(number))?);
        }
    }
    if found { Ok(entries) } else { Err(IniError::NoSection) }
}

fn entry(line: usize, text: &str) -> Option<IniEntry> {
    let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value.trim())));
    // Of an option without a value the comment stands behind the key.
    let key = if value.is_none() { without_comment(key) } else { key };
    let key = key.trim().trim_start_matches('-');
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let value =
        value.map(|value| if SECRETS.contains(&key) { unquoted(value) } else { unquoted(without_comment(value)) });
    let value = value.filter(|value| !value.is_empty()).map(str::to_owned);
    is_name.then(|| IniEntry { line, key: key.to_owned(), value })
}

/// Without the comment behind a value: from a `#` at its beginning, or one with a blank in front, on; none is within the
/// quotes around a value.
fn without_comment(value: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.find(quote).map(|end| end + 2));
    let begins = |(at, _): &(usize, &str)| value[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = value.match_indices('#').filter(|(at, _)| quoted.is_none_or(|end| *at >= end)).find(begins);
    comment.map_or(value, |(at, _)| value[..at].trim_end())
}

/// Without the quotes that some people put around a value.
fn unquoted(value: &str) -> &str {
    let inner = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(value)
}

/// What begins a comment in front of a line.
const COMMENT: [char; 2] = ['#', ';'];

/// The keys of secrets, any character of which may be meant.
const SECRETS: [&str; 3] = ["password", "passphrase", "bearer-token"];

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str, section: &str) -> Vec<String> {
        entries(text, section).unwrap().iter().map(IniEntry::argument).collect()
    }

    #[test]
    fn entries_become_options() {
        let text = "[other]\nhostname=no\n[check]\n# comment\nhostname = cas1.example.com\np=5061\nsingle-line\n; more\n--verbose\n";
        assert_eq!(arguments(text, "check"), ["--hostname=cas1.example.com", "-p5061", "--single-line", "--verbose"]);
    }

    #[test]
    fn values_keep_what_stands_behind_the_first_equals_sign() {
        assert_eq!(
            arguments("[s]\nstate = timeout=ok\nfrom=\"sip:a@b\"\nwarning=", "s"),
            ["--state=timeout=ok", "--from=sip:a@b", "--warning"]
        );
    }

    #[test]
    fn comments_stand_where_the_monitoring_plugins_have_them() {
        for text in
            ["[s] # mine\nw=1", "[s];mine\nw=1", "\u{feff}[s]\nw=1", "[ s ]\nw = 1 # s", "[s]\nw=1\t# s\n#w=2\n;w=3"]
        {
            assert_eq!(arguments(text, "s"), ["-w1"], "{text:?}");
        }
        let text = "[s]\nsrv # all\nuri=sip:a#b\nuser-agent='x # y' # z\nfrom=#none\n[s] # again\nc=2";
        let expected = ["--srv", "--uri=sip:a#b", "--user-agent=x # y", "--from", "-c2"];
        assert_eq!(arguments(text, "s"), expected);
        let secret = entries("[s]\npassword = a # b\n", "s").unwrap();
        assert_eq!(secret[0].value.as_deref(), Some("a # b"));
    }

    #[test]
    fn a_header_that_is_broken_is_not_passed_over() {
        for broken in ["[s", "[s # mine", "[s] w=1", "[s]]", "[ s"] {
            let text = format!("[s]\nw=1\n{broken}\nc=2\n");
            assert_eq!(entries(&text, "s"), Err(IniError::BadHeader(3)), "{broken}");
        }
        assert_eq!(arguments("[other\nx\n[s]\nw=1\n[another] c=3\nc=2\n", "s"), ["-w1"]);
    }

    #[test]
    fn a_bad_line_is_named_only_inside_the_section() {
        assert_eq!(entries("root:x:0\n[s]\nok=1\nnot an entry\n", "s"), Err(IniError::BadLine(4)));
        assert_eq!(entries("root:x:0\n", "s"), Err(IniError::NoSection));
        assert!(entries("root:x:0\n[s]\n", "s").unwrap().is_empty());
    }
}
