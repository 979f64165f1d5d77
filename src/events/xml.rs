//! What does an XML export hold? `<Event>` elements, in a root or back to back, well-formed or not.

use std::borrow::Cow;
use std::io::Read;
use std::time::SystemTime;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::elements::{Element, Elements};
use super::{Datum, EventError, EventExport, EventRecord, Gap, Recorded, Remains};
use crate::input;
use crate::time::calendar;

/// Reads an export of any length and hands out its records one by one. With it, what says that the export is not all that was
/// to be written.
///
/// The stream is UTF-8, or bytes of which nothing is known.
pub fn read_stream(stream: impl Read, mut take: impl FnMut(Recorded)) -> Result<Option<Gap>, EventError> {
    let mut elements = Elements::new(stream);
    while let Some(element) = elements.next()? {
        take(match element {
            Element::Whole(bytes) => record(&input::text(bytes)),
            Element::Broken(bytes) => Recorded::Bad(remains(&input::text(bytes))),
            Element::Stray => Recorded::Bad(Remains::default()),
        });
    }
    let surroundings = elements.surroundings();
    let open = surroundings.is_open.then_some(Gap::Unfinished);
    let cut = surroundings.is_cut.then_some(Gap::Cut);
    match surroundings {
        _ if surroundings.has_document_type => Err(EventError::DocumentType),
        _ if !surroundings.has_content => Err(EventError::Empty),
        _ if surroundings.records == 0 && !surroundings.has_root => Err(EventError::NoEvents),
        _ => Ok(surroundings.zeros_behind.map(|behind| Gap::Zeros { behind }).or(cut).or(open)),
    }
}

/// Reads an export that is there as a whole.
pub fn read(text: &str) -> Result<EventExport, EventError> {
    let mut export = EventExport::default();
    export.gap = read_stream(text.as_bytes(), |recorded| export.add(recorded))?;
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
    number: Option<u64>,
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
    EventRecordId,
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
            "EventRecordID" => Self::EventRecordId,
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
            [Tag::Event, Tag::System, Tag::EventRecordId] => self.number = text.parse().ok(),
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
        let Self { number, providers, channel, computer, message, data, .. } = self;
        Recorded::Whole(EventRecord { id, number, time, providers, channel, computer, message, data })
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
mod tests;
