//! How is an element of a management pack written? A tree, and its text with every character where it may stand.

use std::fmt::Write;

/// An element with its attributes, and either elements or text inside.
#[derive(Clone, Debug)]
pub struct Element {
    name: String,
    attributes: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Elements(Vec<Element>),
    Text(String),
}

/// An element to be filled.
pub fn element(name: impl Into<String>) -> Element {
    Element { name: name.into(), attributes: Vec::new(), content: Content::Elements(Vec::new()) }
}

/// An element that holds nothing but text.
pub fn leaf(name: impl Into<String>, text: impl Into<String>) -> Element {
    Element { content: Content::Text(text.into()), ..element(name) }
}

impl Element {
    /// With an attribute more.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With these elements inside, behind those that are there.
    pub fn holding(mut self, elements: impl IntoIterator<Item = Self>) -> Self {
        if let Content::Elements(inside) = &mut self.content {
            inside.extend(elements);
        }
        self
    }

    /// A container with nothing in it.
    pub fn is_hollow(&self) -> bool {
        self.attributes.is_empty() && matches!(&self.content, Content::Elements(inside) if inside.is_empty())
    }

    /// The whole document.
    pub fn document(&self) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let _ = write!(out, "{indent}<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"{}\"", escaped(value).replace('"', "&quot;"));
        }
        match &self.content {
            Content::Elements(inside) if inside.is_empty() => out.push_str(" />\n"),
            Content::Elements(inside) => {
                out.push_str(">\n");
                inside.iter().for_each(|element| element.write(out, depth + 1));
                let _ = writeln!(out, "{indent}</{}>", self.name);
            }
            Content::Text(text) => {
                let _ = writeln!(out, ">{}</{}>", escaped(text), self.name);
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
