//! Which elements does a document consist of? A tree that knows the lines of its elements.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name, prefix included.
    pub name: String,
    /// Where it begins.
    pub line: usize,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The elements in it.
    pub children: Vec<Node>,
    /// The text in it, without that of the elements in it.
    pub text: String,
}

impl Node {
    /// The root of a document, or why it is none.
    pub fn parse(document: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().check_end_names = true;
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Self::default()];
        let mut prefixes: Vec<Vec<String>> = vec![vec!["xml".to_owned(), "xmlns".to_owned()]];
        let (mut line, mut counted) = (1, 0);
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or_default();
            line += memchr::memchr_iter(b'\n', document.as_bytes().get(counted..at).unwrap_or_default()).count();
            counted = at;
            let wrong = |what: String| format!("line {line}: {what}");
            match reader.read_event().map_err(|error| wrong(error.to_string()))? {
                Event::Start(start) => {
                    let node = Self { line, ..element(&start).map_err(wrong)? };
                    prefixes.push(declared(&node));
                    undeclared(&node, &prefixes).map_or(Ok(()), |prefix| Err(wrong(format!("prefix {prefix}"))))?;
                    open.push(node);
                }
                Event::End(_) => {
                    let closed = open.pop().unwrap_or_default();
                    prefixes.pop();
                    open.last_mut().ok_or_else(|| wrong("an end too many".to_owned()))?.children.push(closed);
                }
                Event::Text(text) => push(&mut open, text.as_ref()),
                Event::CData(text) => push(&mut open, text.as_ref()),
                Event::GeneralRef(reference) => {
                    let name = reference.as_ref();
                    let text = quick_xml::escape::resolve_xml_entity(name);
                    push(&mut open, text.ok_or_else(|| wrong(format!("entity {name}")))?);
                }
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) => {}
                other => return Err(wrong(format!("{other:?}"))),
            }
        }
        match (open.len(), open.pop().map(|top| top.children)) {
            (1, Some(mut roots)) if roots.len() == 1 => Ok(roots.remove(0)),
            _ => Err("not one root that ends".to_owned()),
        }
    }

    /// An attribute, empty where it is not there.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Its `ID`.
    pub fn id(&self) -> &str {
        self.attribute("ID")
    }

    /// The first element in it of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the element at the end of that path.
    pub fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).map_or("", |node| node.text.as_str())
    }

    /// The element at the end of that path.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// Itself and every element in it.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        self.children.iter().for_each(|child| all.extend(child.all()));
        all
    }

    /// The same with every text and attribute changed.
    pub fn map(&self, change: &impl Fn(&str) -> String) -> Self {
        Self {
            text: change(&self.text),
            attributes: self.attributes.iter().map(|(name, value)| (name.clone(), change(value))).collect(),
            children: self.children.iter().map(|child| child.map(change)).collect(),
            ..self.clone()
        }
    }

    /// Its text, to the byte what an equal element would give.
    pub fn canonical(&self) -> String {
        let attributes: String = self.attributes.iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
        let children: String = self.children.iter().map(Self::canonical).collect();
        // Between elements blanks mean nothing; in a text they do.
        let text = if self.children.is_empty() { self.text.as_str() } else { self.text.trim() };
        format!("<{}{attributes}>{text:?}{children}</>", self.name)
    }
}

fn push(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>) -> Result<Node, String> {
    let mut node = Node { name: start.name().as_ref().to_owned(), ..Node::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        node.attributes.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(node)
}

fn declared(node: &Node) -> Vec<String> {
    node.attributes.keys().filter_map(|name| name.strip_prefix("xmlns:")).map(str::to_owned).collect()
}

/// A prefix that nobody declared.
fn undeclared(node: &Node, prefixes: &[Vec<String>]) -> Option<String> {
    let names = node.attributes.keys().chain([&node.name]);
    let mut used = names.filter_map(|name| name.split_once(':')).map(|(prefix, _)| prefix);
    used.find(|prefix| !prefixes.iter().flatten().any(|known| known == prefix)).map(str::to_owned)
}
