//! How does Zabbix write its exports? As its own front end does, byte by byte, so that an export can be compared by eye.

use std::fmt::Write;

/// A part of an export. Every scalar is text, even a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A scalar.
    Text(String),
    /// Named parts, in the order of the format.
    Map(Vec<(&'static str, Node)>),
    /// Parts in an order of their own.
    List(Vec<Node>),
}

impl Node {
    /// The part with that name.
    pub fn at(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(parts) => parts.iter().find(|(known, _)| *known == name).map(|(_, part)| part),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text of the part with that name, empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.at(name) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// The parts of the list with that name, none where there is no such list.
    pub fn list(&self, name: &str) -> &[Self] {
        match self.at(name) {
            Some(Self::List(parts)) => parts,
            _ => &[],
        }
    }

    /// All of it and everything below, from the top down.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Text(_) => {}
            Self::Map(parts) => parts.iter().for_each(|(_, part)| part.walk(visit)),
            Self::List(parts) => parts.iter().for_each(|part| part.walk(visit)),
        }
    }

    /// The document.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, indent: usize, out: &mut String) {
        let space = " ".repeat(indent);
        match self {
            Self::Text(_) => {}
            Self::Map(parts) => {
                for (name, part) in parts {
                    part.write_behind(&format!("{space}{}:", scalar(name)), indent, out);
                }
            }
            Self::List(parts) => {
                for part in parts {
                    part.write_behind(&format!("{space}-"), indent, out);
                }
            }
        }
    }

    fn write_behind(&self, lead: &str, indent: usize, out: &mut String) {
        match self {
            Self::Text(text) if text.contains('\n') => {
                let _ = writeln!(out, "{lead} |");
                for line in text.lines() {
                    let _ = writeln!(out, "{}{line}", " ".repeat(indent + 2));
                }
            }
            Self::Text(text) => {
                let _ = writeln!(out, "{lead} {}", scalar(text));
            }
            Self::Map(_) | Self::List(_) => {
                let _ = writeln!(out, "{lead}");
                self.write(indent + 2, out);
            }
        }
    }
}

/// A map of the parts that say something: the format leaves out what is empty.
pub fn map(parts: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
    let says_something = |part: &Node| match part {
        Node::Text(text) => !text.is_empty(),
        Node::Map(parts) => !parts.is_empty(),
        Node::List(parts) => !parts.is_empty(),
    };
    Node::Map(parts.into_iter().filter(|(_, part)| says_something(part)).collect())
}

/// A list.
pub fn list(parts: impl IntoIterator<Item = Node>) -> Node {
    Node::List(parts.into_iter().collect())
}

/// Where the front end puts a name among others: neither case nor blanks count.
pub fn rank(name: &str) -> String {
    name.to_lowercase().replace(' ', "")
}

/// A scalar.
pub fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

/// Plain where nothing could take it for something else, else in single quotes.
pub fn scalar(text: &str) -> String {
    let is_word = ["null", "~", "true", "false", "y", "n", "yes", "no", "on", "off", ""];
    let is_special = |c: char| c.is_whitespace() || "'\":{}[],&*#?".contains(c);
    let begins_special = text.starts_with(['-', '?', '|', '<', '>', '=', '!', '%', '@', '`']);
    let is_number = text.parse::<f64>().is_ok() || text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-');
    if is_word.contains(&text.to_lowercase().as_str()) || text.contains(is_special) || begins_special || is_number {
        return format!("'{}'", text.replace('\'', "''"));
    }
    text.to_owned()
}
