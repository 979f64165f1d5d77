//! What does an XML export hold? `<Event>` elements, in a root or back to back, well-formed or not.

use std::borrow::Cow;
use std::io::Read;
use std::time::SystemTime;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::elements::{Element, Elements};
use super::{Datum, EventError, EventExport, EventRecord, Recorded, Remains};
use crate::input;
use crate::time::calendar;

/// Reads an export of any length and hands out its records one by one. Whether it is whole: `false` where its root does
/// not end, because it was cut off or is still being written.
///
/// The stream is UTF-8, or bytes of which nothing is known.
pub fn read_stream(stream: impl Read, mut take: impl FnMut(Recorded)) -> Result<bool, EventError> {
    let mut elements = Elements::new(stream);
    while let Some(element) = elements.next()? {
        take(match element {
            Element::Whole(bytes) => record(&input::text(bytes)),
            Element::Broken(bytes) => Recorded::Bad(remains(&input::text(bytes))),
            Element::Stray => Recorded::Bad(Remains::default()),
        });
    }
    let surroundings = elements.surroundings();
    match surroundings {
        _ if surroundings.has_document_type => Err(EventError::DocumentType),
        _ if !surroundings.has_content => Err(EventError::Empty),
        _ if !surroundings.has_record && !surroundings.has_root => Err(EventError::NoEvents),
        _ => Ok(!surroundings.is_open),
    }
}

/// Reads an export that is there as a whole.
pub fn read(text: &str) -> Result<EventExport, EventError> {
    let mut export = EventExport::default();
    export.is_unfinished = !read_stream(text.as_bytes(), |recorded| export.add(recorded))?;
    Ok(export)
}

/// One element, from `<Event` to `</Event>`, as a record.
pub(crate) fn record(element: &str) -> Recorded {
    let mut partial = Partial::default();
    match partial.read(&without_controls(element)).map(|()| partial) {
        Some(partial) => partial.complete(),
        None => Recorded::Bad(remains(element)),
    }
}

/// What can be read of an element that is not well-formed, or does not end.
fn remains(element: &str) -> Remains {
    if element.matches("<System>").nth(1).is_some() {
        // Two records whose border is gone: what the one says need not be true of the other.
        return Remains::default();
    }
    let mut partial = Partial::default();
    // It says what it said up to where it breaks off, well-formed or not.
    let _ = partial.read(&without_controls(element));
    partial.into()
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

/// The elements that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Event,
    System,
    Provider,
    EventId,
    TimeCreated,
    Channel,
    Computer,
    EventData,
    Data,
    UserData,
    RenderingInfo,
    Message,
    Other,
}

impl Tag {
    fn named(name: &str) -> Self {
        match name {
            "Event" => Self::Event,
            "System" => Self::System,
            "Provider" => Self::Provider,
            "EventID" => Self::EventId,
            "TimeCreated" => Self::TimeCreated,
            "Channel" => Self::Channel,
            "Computer" => Self::Computer,
            "EventData" => Self::EventData,
            "Data" => Self::Data,
            "UserData" => Self::UserData,
            "RenderingInfo" => Self::RenderingInfo,
            "Message" => Self::Message,
            _ => Self::Other,
        }
    }
}

impl Partial {
    /// Reads one element; `None` where it is not well-formed.
    fn read(&mut self, element: &str) -> Option<()> {
        let mut reader = Reader::from_str(element);
        reader.config_mut().allow_dangling_amp = true;
        let mut path: Vec<Tag> = Vec::with_capacity(MAX_DEPTH);
        let mut text = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    path.push(Tag::named(start.local_name().as_ref()));
                    if path.len() > MAX_DEPTH {
                        return None;
                    }
                    self.attributes(&path, &start);
                    text.clear();
                }
                Event::Empty(empty) => {
                    path.push(Tag::named(empty.local_name().as_ref()));
                    self.attributes(&path, &empty);
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
                Event::End(end) => {
                    self.text(&path, end.local_name().as_ref(), text.trim());
                    text.clear();
                    path.pop();
                }
                Event::DocType(_) => return None,
                Event::Eof => return path.is_empty().then_some(()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn attributes(&mut self, path: &[Tag], element: &BytesStart<'_>) {
        self.name.clear();
        let value = |name: &str| {
            let attribute = element.try_get_attribute(name).ok().flatten()?;
            attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
        };
        match path {
            [Tag::Event, Tag::System, Tag::Provider] => {
                let names = ["Name", "EventSourceName"].into_iter().filter_map(value);
                self.providers.extend(names.filter(|name| !name.is_empty()));
            }
            [Tag::Event, Tag::System, Tag::TimeCreated] => {
                self.time = value("SystemTime").map_or(self.time, |time| calendar::parse(&time).ok());
            }
            [Tag::Event, Tag::EventData, Tag::Data] => self.name = value("Name").unwrap_or_default(),
            _ => {}
        }
    }

    fn text(&mut self, path: &[Tag], name: &str, text: &str) {
        match path {
            [Tag::Event, Tag::System, Tag::EventId] => self.id = text.parse().ok(),
            [Tag::Event, Tag::System, Tag::Channel] => text.clone_into(&mut self.channel),
            [Tag::Event, Tag::System, Tag::Computer] => text.clone_into(&mut self.computer),
            [Tag::Event, Tag::RenderingInfo, Tag::Message] => text.clone_into(&mut self.message),
            [Tag::Event, Tag::EventData, Tag::Data] if !text.is_empty() => {
                self.data.push(Datum { name: self.name.clone(), value: text.to_owned() });
            }
            [Tag::Event, Tag::UserData, _, ..] if !text.is_empty() => {
                self.data.push(Datum { name: name.to_owned(), value: text.to_owned() });
            }
            _ => {}
        }
    }

    fn complete(self) -> Recorded {
        let (Some(id), Some(time)) = (self.id, self.time) else {
            return Recorded::Bad(self.into());
        };
        let Self { providers, channel, computer, message, data, .. } = self;
        Recorded::Whole(EventRecord { id, time, providers, channel, computer, message, data })
    }
}

impl From<Partial> for Remains {
    fn from(partial: Partial) -> Self {
        let Partial { id, time, providers, computer, .. } = partial;
        Self { id, time, providers, computer }
    }
}

/// The event log takes any character, XML does not: wevtutil writes them raw all the same.
fn without_controls(element: &str) -> Cow<'_, str> {
    let is_bad = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    // Most texts are plain, and bytes are looked at faster than characters.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if element.as_bytes().iter().all(is_plain) || !element.contains(is_bad) {
        return element.into();
    }
    element.replace(is_bad, " ").into()
}

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
        assert_eq!(record.providers, ["MSExchange Unified Messaging"]);
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
        assert!(matches!(read(" \r\n"), Err(EventError::Empty)));
        assert!(matches!(read("Access is denied."), Err(EventError::NoEvents)));
    }

    #[test]
    fn a_document_type_is_refused() {
        let xml = format!("<!DOCTYPE Events [<!ENTITY a 'b'>]><Events>{}</Events>", event("1", ""));
        assert!(matches!(read(&xml), Err(EventError::DocumentType)));
    }

    #[test]
    fn openings_without_an_end_cost_no_more_than_their_length() {
        assert_eq!(read(&"<Event ".repeat(1_000_000)).unwrap().bad, 1_000_000);
    }

    #[test]
    fn a_bad_record_keeps_what_it_says_up_to_where_it_breaks_off() {
        let remains = |xml: &str| match record(xml) {
            Recorded::Bad(remains) => remains,
            whole @ Recorded::Whole(_) => panic!("{whole:?}"),
        };
        let whole = event("1647", "<Data>a</Data>");
        let undated = remains(&whole.replace("SystemTime", "Time"));
        assert_eq!((undated.id, undated.time, undated.computer.as_str()), (Some(1647), None, "cas1.example.com"));
        assert_eq!(undated.providers, ["MSExchange Unified Messaging"]);
        let broken = remains(&whole.replace("</Data>", ""));
        assert_eq!((broken.id, broken.time.is_some()), (Some(1647), true));
        assert_eq!(remains("<Event>x</Event>"), Remains::default());
    }

    #[test]
    fn two_records_without_a_border_say_nothing_of_each_other() {
        let foreign = event("9", "").replace("MSExchange Unified Messaging", "Other").replace("</Event>", "");
        let Recorded::Bad(remains) = record(&format!("{foreign}{}", event("1647", "").replace("<Event ", "<Evnt ")))
        else {
            panic!("it is not well-formed")
        };
        assert_eq!(remains, Remains::default());
    }

    #[test]
    fn what_stands_between_the_records_is_counted_as_bad() {
        let event = event("1647", "");
        for (text, bad) in [
            (event.replacen("<Event ", "<Evnt ", 1) + &event, 1),
            (format!("<Events>{}{event}</Events>", event.replacen("<Event ", "<Evnt ", 1).repeat(3)), 3),
            (format!("</EventData></Event>{event}</Events>"), 2),
            (format!("<Events>\r\nFailed to open event query.\r\n{event}</Events>"), 1),
        ] {
            let export = read(&text).unwrap();
            assert_eq!((export.records.len(), export.bad), (1, bad), "{text}");
        }
        let failed = "<Events>\r\nFailed to open event query.\r\nAccess is denied.\r\n</Events>";
        assert_eq!(read(failed).unwrap().bad, 1);
        for none in [event.replace("<Event ", "<Evnt "), "<html>x</html>".to_owned(), "{}".to_owned()] {
            assert!(matches!(read(&none), Err(EventError::NoEvents)), "{none}");
        }
    }

    #[test]
    fn cut_when_its_root_does_not_end() {
        let whole = |text: &str| read_stream(text.as_bytes(), |_| ()).unwrap();
        let event = event("1", "");
        assert!(whole(&event) && whole(&format!("<Events>{event}</Events>")));
        assert!(!whole(&format!("<Events>{event}")));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<Event>|<System>|</Event>|<EventID>|&|;|<!|.){0,60}") {
            let _ = read(&text);
        }
    }
}
