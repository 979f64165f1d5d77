//! What does a woven file look like, and whose is each byte of it?

use std::{cmp::Reverse, collections::HashSet, ops::Range};

use crate::sites::Edit;

/// A file with its mutants.
#[derive(Debug, Default)]
pub struct Woven {
    /// What is compiled.
    pub text: String,
    /// Whose each part is: only the mutant's own.
    pub own: Vec<(Range<usize>, u32)>,
    /// The whole of a place with all its mutants.
    pub places: Vec<(Range<usize>, Vec<u32>)>,
}

/// Weaves a file's mutants into it, but those that were taken out.
pub fn weave(source: &str, edits: &[Edit], out: &HashSet<u32>) -> Woven {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| match edit {
        Edit::Insert(at, ..) => (*at, 0, Reverse(0)),
        Edit::Either(range, _) => (range.start, 1, Reverse(range.end)),
    });
    let mut weaver = Weaver { source, edits: &edits, out, woven: Woven::default(), next: 0 };
    weaver.render(0..source.len());
    weaver.woven
}

struct Weaver<'a> {
    source: &'a str,
    edits: &'a [Edit],
    out: &'a HashSet<u32>,
    woven: Woven,
    next: usize,
}

impl Weaver<'_> {
    fn render(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while let Some(edit) = self.edits.get(self.next).filter(|edit| start(edit) < range.end) {
            self.next += 1;
            self.woven.text += &self.source[at..start(edit)];
            at = start(edit);
            match edit {
                Edit::Insert(_, number, text) => self.own(*number, text),
                Edit::Either(place, alternatives) => {
                    self.either(place.clone(), alternatives);
                    at = place.end;
                }
            }
        }
        self.woven.text += &self.source[at..range.end];
    }

    fn either(&mut self, place: Range<usize>, alternatives: &[(u32, String)]) {
        let out = self.out;
        let alive: Vec<_> = alternatives.iter().filter(|(number, _)| !out.contains(number)).collect();
        if alive.is_empty() {
            return self.render(place);
        }
        let begin = self.woven.text.len();
        self.woven.text.push('(');
        for (number, text) in &alive {
            self.woven.text += &format!("if crate::mutant::is({number}) {{ ");
            self.own(*number, &format!("({text})"));
            self.woven.text += " } else ";
        }
        self.woven.text += "{ (";
        self.render(place);
        self.woven.text += ") })";
        let numbers = alive.iter().map(|(number, _)| *number).collect();
        self.woven.places.push((begin..self.woven.text.len(), numbers));
    }

    fn own(&mut self, number: u32, text: &str) {
        if !self.out.contains(&number) {
            let begin = self.woven.text.len();
            self.woven.text += text;
            self.woven.own.push((begin..self.woven.text.len(), number));
        }
    }
}

fn start(edit: &Edit) -> usize {
    match edit {
        Edit::Insert(at, ..) => *at,
        Edit::Either(range, _) => range.start,
    }
}
