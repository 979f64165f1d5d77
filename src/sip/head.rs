//! What does a message head say, whatever way it was written? Start line and header fields, cleaned up.
//!
//! Undone here: folded lines, bare LF line ends, tabs and runs of blanks, compact names, blanks before the colon, Latin-1
//! text.

use crate::input::list;

/// A start line and the header fields below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The first line, trimmed.
    pub start_line: String,
    /// Header fields in their order, compact names written out.
    pub fields: Vec<Field>,
    /// Lines that are no header field; they are counted, not judged, because an answer with one bad line is an answer.
    pub malformed: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as sent, or the long form of a compact one.
    pub name: String,
    /// The value, unfolded and trimmed; may be empty.
    pub value: String,
}

impl Head {
    /// Reads a head without the blank line that ends it.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = decode(bytes);
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let mut head = Self { start_line: lines.next().unwrap_or_default().trim().to_owned(), ..Self::default() };
        for line in lines.filter(|line| !line.is_empty()) {
            // RFC 3261 7.3.1: a line that begins with a blank goes on with the field above it.
            if line.starts_with([' ', '\t']) {
                match head.fields.last_mut() {
                    Some(field) => {
                        field.value.push(' ');
                        field.value.push_str(trimmed(line));
                    }
                    None => head.malformed += 1,
                }
                continue;
            }
            match line.split_once(':').map(|(name, value)| (name.trim_end(), value)) {
                Some((name, value)) if !name.is_empty() && name.bytes().all(is_token_byte) => {
                    head.fields.push(Field { name: long_name(name).to_owned(), value: value.to_owned() });
                }
                _ => head.malformed += 1,
            }
        }
        // Only now is known where a quoted string, which keeps its blanks, ends.
        for field in &mut head.fields {
            field.value = trimmed(&list::with_single_blanks(&field.value)).to_owned();
        }
        head
    }

    /// The values of every field of that name, whatever the case, in their order.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }

    /// Name and value of every field, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// The value of the first field of that name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }
}

/// RFC 3261 25.1: `token`.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// UTF-8, else each byte as the Latin-1 character that older gateways mean by it.
pub(crate) fn decode(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// Without the linear white space around it (RFC 3261 25.1), and without what is left of a line end that was written twice.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r'])
}

/// The long form of a compact header name (RFC 3261 7.3.3 and IANA's table of header fields); another name as it is.
pub(crate) fn long_name(name: &str) -> &str {
    let &[letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_any_case() {
        let head = Head::parse(b"SIP/2.0 200 OK\r\nCALL-ID: a\r\nAllow: INVITE\r\nALLOW: OPTIONS\r\n");
        assert_eq!(head.start_line, "SIP/2.0 200 OK");
        assert_eq!(head.value("call-id"), Some("a"));
        assert_eq!(head.values("Allow").collect::<Vec<_>>(), ["INVITE", "OPTIONS"]);
    }

    #[test]
    fn compact_names_folding_blanks_and_bare_line_feeds_are_undone() {
        let head = Head::parse(b"SIP/2.0 200 OK\nv : SIP/2.0/TCP a\n ;branch=x\nSubject: a\r\n \tb\nl:0\nAccept:\n");
        assert_eq!(head.value("Via"), Some("SIP/2.0/TCP a ;branch=x"));
        assert_eq!(head.value("Subject"), Some("a b"));
        assert_eq!(head.value("Content-Length"), Some("0"));
        assert_eq!(head.value("Accept"), Some(""));
        assert_eq!(head.malformed, 0);
    }

    #[test]
    fn a_fold_beside_nothing_leaves_no_blank() {
        let head = Head::parse(
            b"SIP/2.0 200 OK\r\nCSeq:\r\n 1 OPTIONS\r\nContent-Length: \r\n\t0\r\n \r\nSubject:\n a\n\t\n b\n",
        );
        assert_eq!(head.value("CSeq"), Some("1 OPTIONS"));
        assert_eq!(head.value("Content-Length"), Some("0"));
        assert_eq!(head.value("Subject"), Some("a b"));
    }

    #[test]
    fn white_space_of_any_kind_is_one_blank_but_in_quotes() {
        let head = Head::parse(
            b"SIP/2.0 200 OK\r\nCSeq: 1\tOPTIONS\r\nVia:SIP\t/  2.0/UDP\r\n \t a\r\nServer:\r\n x\r\n\ty\r\n\
              From: \"a\t  b\r\n  c\"\t\t<sip:d>\t;  tag=1\t\r\n",
        );
        assert_eq!(head.value("CSeq"), Some("1 OPTIONS"));
        assert_eq!(head.value("Via"), Some("SIP / 2.0/UDP a"));
        assert_eq!(head.value("Server"), Some("x y"));
        assert_eq!(head.value("From"), Some("\"a\t  b c\" <sip:d> ; tag=1"));
    }

    #[test]
    fn every_compact_name_that_iana_lists_is_written_out() {
        for letter in "abcdefijklmnorstuvxy".chars() {
            let head =
                Head::parse(format!("SIP/2.0 200 OK\r\n{letter}: 1\r\n{}: 2\r\n", letter.to_uppercase()).as_bytes());
            assert_eq!(head.values(long_name(&letter.to_string())).collect::<Vec<_>>(), ["1", "2"], "{letter}");
            assert!(head.fields[0].name.len() > 1, "{letter}");
        }
        assert_eq!((long_name("g"), long_name("To"), long_name("")), ("g", "To", ""));
    }

    #[test]
    fn bad_lines_are_counted_and_the_others_kept() {
        let head =
            Head::parse(b"SIP/2.0 200 OK\r\n folded nothing\r\nno colon\r\nbad name: x\r\n: y\r\nTo: <sip:a>\r\n");
        assert_eq!(head.malformed, 4);
        assert_eq!(head.value("To"), Some("<sip:a>"));
    }

    #[test]
    fn text_that_is_not_utf_8_is_latin_1() {
        assert_eq!(Head::parse(b"SIP/2.0 404 Nicht verf\xfcgbar\r\n").start_line, "SIP/2.0 404 Nicht verfügbar");
    }
}
