//! Which of several checks were not asked, and which would be?

/// A check that was not asked where the others were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAsked {
    /// What its metrics would begin with.
    pub name: String,
    /// Why not, and what would make it possible.
    pub reason: String,
    /// Whether somebody left it out by name.
    pub is_left_out: bool,
    /// Whether it is missed: nobody left it out, and there is somebody to ask.
    pub is_missed: bool,
}

/// A check that would be asked, were this more than a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What its metrics would begin with.
    pub name: String,
    /// The command line that does the same, its program first.
    pub words: Vec<String>,
}
