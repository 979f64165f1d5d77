//! What was a run to ask? Whom, and with which options: that tells it from the others of its check, whatever comes of it.

/// Whom a run was to ask, and what is said of the question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inquiry {
    /// Whom, as the options name them: `cas1:5060`.
    pub endpoint: String,
    /// Each option that was given, in an ini file's section or on the command line, each time that it was.
    pub options: Vec<GivenOption>,
}

/// One option, and its value where it takes one and has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenOption {
    /// The id that clap knows it by: its long name in snake_case, of `--state` `states`.
    pub id: String,
    /// Its value as it was given.
    pub value: Option<String>,
    /// Whether each time counts, and not only the last one.
    pub is_repeatable: bool,
}
