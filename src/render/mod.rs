//! How is a report shown? One pure function for each format, `&Report` to text.

pub(crate) mod json;
pub(crate) mod openmetrics;
pub(crate) mod scom;
pub(crate) mod text;
mod wrapped;

use crate::report::Report;

/// The output format, `--output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line for a scheduler, more for a person.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// One property bag item for System Center Operations Manager.
    Scom,
    /// Series for Prometheus: the textfile collector, a script exporter.
    #[value(name = "openmetrics")]
    OpenMetrics,
}

/// How much of a report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    /// The format.
    pub format: Format,
    /// The number of `-v`, 0 to 3. The structured formats carry everything but the trace at any verbosity.
    pub verbosity: u8,
    /// Only the first line (text).
    pub single_line: bool,
    /// States in colour (text), for a person at a terminal.
    pub is_coloured: bool,
    /// The columns of the terminal that a person looks at (text): longer lines are broken.
    pub width: Option<usize>,
}

/// The report as `presentation` wants it, at most [`MAX_OUTPUT`] bytes.
pub fn render(report: &Report, presentation: Presentation) -> String {
    match presentation.format {
        Format::Text => text::render(report, presentation),
        Format::Json => json::render(report, presentation),
        Format::Scom => scom::render(report, presentation),
        Format::OpenMetrics => openmetrics::render(report, presentation),
    }
}

/// Cuts `text` to at most `max` bytes, between characters.
fn cut(text: &mut String, max: usize) {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// Whether a character can move the cursor, end the line, or reorder what stands around it.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The most that a plugin prints, in bytes.
pub const MAX_OUTPUT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        for (max, expected) in [
            (0, ""),
            (1, "a"),
            (2, "a"),
            (3, "a\u{fc}"),
            (5, "a\u{fc}"),
            (6, "a\u{fc}\u{20ac}"),
            (9, "a\u{fc}\u{20ac}"),
        ] {
            let mut text = "a\u{fc}\u{20ac}".to_owned();
            cut(&mut text, max);
            assert_eq!(text, expected, "{max}");
        }
    }
}
