//! Which records does an XML export hold? `<Event>` elements, in a root or back to back, well-formed or not.

use std::borrow::Cow;
use std::time::SystemTime;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::{Datum, EventError, EventExport, EventRecord};
use crate::time::calendar;

/// Reads an export.
pub fn read(text: &str) -> Result<EventExport, EventError> {
    let first = opening(text, 0);
    if text[..first.unwrap_or(text.len())].contains("<!DOCTYPE") {
        return Err(EventError::DocumentType);
    }
    if first.is_none() && !text.contains("<Events") {
        return Err(if text.trim().is_empty() { EventError::Empty } else { EventError::NoEvents });
    }
    let mut export = EventExport::default();
    for element in elements(text) {
        match element.and_then(record) {
            Some(record) => export.records.push(record),
            None => export.bad += 1,
        }
    }
    Ok(export)
}

/// The `<Event>` elements of a text, `None` for one that does not end, or not before the next.
fn elements(text: &str) -> impl Iterator<Item = Option<&str>> {
    let mut next = opening(text, 0);
    let mut closing = None;
    std::iter::from_fn(move || {
        let start = next?;
        // Sought once for many openings: an export of openings only must not cost the square of its length.
        let close = match closing {
            Some(close) if close >= start => close,
            _ => text[start..].find(CLOSING).map_or(text.len(), |found| start + found),
        };
        closing = Some(close);
        next = opening(text, start + OPENING.len());
        let ends_first = next.is_none_or(|next| close < next);
        let end = close + CLOSING.len();
        if !ends_first || end > text.len() || end - start > MAX_RECORD {
            return Some(None);
        }
        Some(Some(&text[start..end]))
    })
}

/// Where an element `Event` begins, at `from` or behind it; `<Events>` and `<EventData>` are others.
fn opening(text: &str, from: usize) -> Option<usize> {
    let is_opening = |at: &usize| {
        let behind = text.as_bytes().get(at + OPENING.len());
        behind.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
    };
    text[from..].match_indices(OPENING).map(|(index, _)| from + index).find(is_opening)
}

/// What has been read of a record so far.
#[derive(Default)]
struct Partial {
    id: Option<u32>,
    time: Option<SystemTime>,
    providers: Vec<String>,
    channel: String,
    computer: String,
    message: String,
    data: Vec<Datum>,
    /// The name of the `Data` element that is open.
    name: String,
}

/// One element as a record; `None` if it is not well-formed or does not say what happened and when.
fn record(element: &str) -> Option<EventRecord> {
    let element = without_controls(element);
    let mut reader = Reader::from_str(&element);
    reader.config_mut().allow_dangling_amp = true;

    let mut partial = Partial::default();
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                if path.len() > MAX_DEPTH {
                    return None;
                }
                partial.attributes(&path, &start);
                text.clear();
            }
            Event::Empty(empty) => {
                path.push(empty.local_name().as_ref().to_owned());
                partial.attributes(&path, &empty);
                path.pop();
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(reference) => match resolve_xml_entity(&reference) {
                Some(c) => text.push_str(c),
                None => match reference.resolve_char_ref() {
                    Ok(Some(c)) => text.push(c),
                    // An unescaped ampersand that a semicolon happens to follow.
                    _ => text.extend(["&", &reference, ";"]),
                },
            },
            Event::End(_) => {
                partial.text(&path, text.trim());
                text.clear();
                path.pop();
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    partial.complete()
}

impl Partial {
    fn attributes(&mut self, path: &[String], element: &BytesStart<'_>) {
        self.name.clear();
        let value = |name: &str| {
            let attribute = element.try_get_attribute(name).ok().flatten()?;
            attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
        };
        match path_of(path).as_slice() {
            ["Event", "System", "Provider"] => {
                self.providers.extend(["Name", "EventSourceName"].into_iter().filter_map(value));
            }
            ["Event", "System", "TimeCreated"] => {
                self.time = value("SystemTime").map_or(self.time, |time| calendar::parse(&time).ok());
            }
            ["Event", "EventData", "Data"] => self.name = value("Name").unwrap_or_default(),
            _ => {}
        }
    }

    fn text(&mut self, path: &[String], text: &str) {
        match path_of(path).as_slice() {
            ["Event", "System", "EventID"] => self.id = text.parse().ok(),
            ["Event", "System", "Channel"] => text.clone_into(&mut self.channel),
            ["Event", "System", "Computer"] => text.clone_into(&mut self.computer),
            ["Event", "RenderingInfo", "Message"] => text.clone_into(&mut self.message),
            ["Event", "EventData", "Data"] if !text.is_empty() => {
                self.data.push(Datum { name: self.name.clone(), value: text.to_owned() });
            }
            ["Event", "UserData", .., name] if !text.is_empty() => {
                self.data.push(Datum { name: (*name).to_owned(), value: text.to_owned() });
            }
            _ => {}
        }
    }

    fn complete(self) -> Option<EventRecord> {
        Some(EventRecord {
            id: self.id?,
            time: self.time?,
            providers: self.providers,
            channel: self.channel,
            computer: self.computer,
            message: self.message,
            data: self.data,
        })
    }
}

fn path_of(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// The event log takes any character, XML does not: wevtutil writes them raw all the same.
fn without_controls(element: &str) -> Cow<'_, str> {
    let is_bad = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if element.contains(is_bad) { element.replace(is_bad, " ").into() } else { element.into() }
}

const OPENING: &str = "<Event";
const CLOSING: &str = "</Event>";

/// The most of one record, in bytes: the event log's own limit is 64 KiB, in UTF-16 and without the markup.
const MAX_RECORD: usize = 1024 * 1024;

/// The deepest element that is read.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    /// As wevtutil writes it, on one line and with single quotes.
    fn event(id: &str, data: &str) -> String {
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='MSExchange Unified Messaging'/><EventID Qualifiers='32772'>{id}</EventID><Level>2</Level>\
             <TimeCreated SystemTime='2026-11-23T17:00:00.1234567Z'/><EventRecordID>5</EventRecordID>\
             <Channel>Application</Channel><Computer>cas1.example.com</Computer><Security/></System>\
             <EventData>{data}</EventData></Event>"
        )
    }

    fn one(xml: &str) -> EventRecord {
        let export = read(xml).unwrap();
        assert_eq!((export.records.len(), export.bad), (1, 0), "{xml}");
        export.records.into_iter().next().unwrap()
    }

    #[test]
    fn a_classic_event_with_qualifiers_and_unnamed_data() {
        let record = one(&event("1647", "<Data>first</Data><Data>second</Data><Binary>0A0B</Binary>"));
        assert_eq!((record.id, record.text().as_ref()), (1647, "first second"));
        assert_eq!(record.time, SystemTime::UNIX_EPOCH + Duration::new(1_795_453_200, 123_456_700));
        assert!(record.is_from("msexchange unified messaging"));
        assert_eq!((record.channel.as_str(), record.computer.as_str()), ("Application", "cas1.example.com"));
    }

    #[test]
    fn records_back_to_back_and_in_a_root_without_namespace() {
        let two = event("1", "<Data>a</Data>") + "\r\n" + &event("2", "<Data>b</Data>");
        assert_eq!(read(&two).unwrap().records.len(), 2);
        assert_eq!(read(&format!("<Events>{two}</Events>")).unwrap().records.len(), 2);
    }

    #[test]
    fn user_data_stands_instead_of_event_data() {
        let xml = event("4", "").replace(
            "<EventData></EventData>",
            "<UserData><EventXML xmlns='x'><HealthSet>UM.CallRouter</HealthSet><Error>e</Error></EventXML></UserData>",
        );
        let record = one(&xml);
        assert_eq!(record.text(), "UM.CallRouter e");
        assert_eq!(record.datum(&["Monitor", "healthset"]), Some("UM.CallRouter"));
        assert_eq!(record.datum(&["Message"]), None);
    }

    #[test]
    fn data_keep_their_names() {
        let record = one(&event("1", "<Data Name='a'>1</Data><Data>2</Data><Data Name='b'/><Data Name='A'>3</Data>"));
        assert_eq!(record.datum(&["A"]), Some("1"));
        assert_eq!(record.datum(&["b"]), None);
        assert_eq!(record.text(), "1 2 3");
    }

    #[test]
    fn the_rendered_message_stands_before_the_data() {
        let info = "</EventData><RenderingInfo Culture='en-US'><Message>all of it</Message></RenderingInfo></Event>";
        assert_eq!(one(&event("1", "<Data>part</Data>").replace("</EventData></Event>", info)).text(), "all of it");
    }

    #[test]
    fn times_with_no_and_with_nine_digits() {
        for time in ["2026-11-23T17:00:00Z", "2026-11-23T17:00:00.123456789Z"] {
            one(&event("1", "").replace("2026-11-23T17:00:00.1234567Z", time));
        }
    }

    #[test]
    fn raw_controls_and_bare_ampersands_do_not_cost_a_record() {
        let record = one(&event("1", "<Data>a\u{1}b & c &amp; d &x; &#65;&#x42; AT&T;</Data>"));
        assert_eq!(record.text(), "a b & c & d &x; AB AT&T;");
    }

    #[test]
    fn a_bad_record_does_not_hide_the_rest() {
        let good = event("1", "<Data>a</Data>");
        let bad = [
            event("1", "<Data>a</EventData>"),
            event("x", ""),
            event("1", "").replace("SystemTime", "Time"),
            event("1", "<Data>cut").replace("</Event>", ""),
            format!("<Event><!DOCTYPE a [<!ENTITY b 'c'>]>{}", &good[70..]),
            format!("<Event>{}</Event>", "<a>".repeat(100_000)),
        ];
        for bad in bad {
            let export = read(&format!("{good}{bad}{good}")).unwrap();
            assert_eq!((export.records.len(), export.bad), (2, 1), "{}", &bad[..bad.len().min(500)]);
        }
    }

    #[test]
    fn no_events_is_not_the_same_as_nothing() {
        assert_eq!(read("<?xml version='1.0'?><Events></Events>").unwrap(), EventExport::default());
        assert_eq!(read("<Events/>").unwrap(), EventExport::default());
        assert_eq!(read(" \r\n"), Err(EventError::Empty));
        assert_eq!(read("Access is denied."), Err(EventError::NoEvents));
    }

    #[test]
    fn a_document_type_is_refused() {
        let xml = format!("<!DOCTYPE Events [<!ENTITY a 'b'>]><Events>{}</Events>", event("1", ""));
        assert_eq!(read(&xml), Err(EventError::DocumentType));
    }

    #[test]
    fn openings_without_an_end_cost_no_more_than_their_length() {
        assert_eq!(read(&"<Event ".repeat(1_000_000)).unwrap().bad, 1_000_000);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<Event>|<System>|</Event>|<EventID>|&|;|<!|.){0,60}") {
            let _ = read(&text);
        }
    }
}
