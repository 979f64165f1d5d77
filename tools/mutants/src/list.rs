//! Which mutants are there? As `cargo mutants --list --json` says it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::Failure;

/// One change of one place.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// From 1 on, its place in the list: what wakes it.
    pub number: u32,
    /// `src/report/range.rs:27:43: replace * with +`.
    pub name: String,
    /// Below the package's root.
    pub file: String,
    /// `BinaryOperator` and so on.
    pub genre: String,
    /// Line and column of the place's first character, both from 1 on.
    pub start: (usize, usize),
    /// What stands there instead.
    pub replacement: String,
    /// What the function around it returns: `-> bool`.
    pub returns: String,
}

/// The list of a file.
pub fn read(path: &Path) -> Result<Vec<Mutant>, Failure> {
    let list: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let list = list.as_array().ok_or("expected the array that cargo mutants --list --json prints")?;
    Ok(list.iter().zip(1..).map(|(mutant, number)| read_one(mutant, number)).collect())
}

fn read_one(mutant: &Value, number: u32) -> Mutant {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |name: &str| mutant["span"]["start"][name].as_u64().unwrap_or_default() as usize;
    Mutant {
        number,
        name: text(&mutant["name"]),
        file: text(&mutant["file"]),
        genre: text(&mutant["genre"]),
        start: (place("line"), place("column")),
        replacement: text(&mutant["replacement"]),
        returns: text(&mutant["function"]["return_type"]),
    }
}
