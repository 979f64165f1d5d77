//! Which part of a README is generated? What stands between two marks, which nobody sees who reads it as a page.

use std::io;

use crate::{File, read};

/// The file below `integrations/` with each text in the place of what stands between the marks of that name.
pub fn fill(path: &str, parts: &[(&str, String)]) -> io::Result<File> {
    let mut content = read(&format!("integrations/{path}"))?;
    for (name, text) in parts {
        content = between_marks(&content, name, text).ok_or_else(|| lacking(path, name))?;
    }
    Ok(File { path: path.to_owned(), content })
}

fn between_marks(content: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- begin: {name} -->\n");
    let (head, rest) = content.split_once(&begin)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{begin}{text}{END}{tail}"))
}

fn lacking(path: &str, name: &str) -> io::Error {
    io::Error::other(format!("integrations/{path}: no part between <!-- begin: {name} --> and {END}"))
}

const END: &str = "<!-- end -->";
