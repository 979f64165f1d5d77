//! What does every plugin print in every state? All scenes that are text, played for real.

use std::fs;
use std::path::Path;

use call_router::scenes::SCENES;

use super::support::{plugin, run_command};

/// One run and what came of it.
pub struct Played {
    /// The command line.
    pub command: String,
    /// Its exit code.
    pub state: i32,
    /// Its perfdata, of which there is none where nothing could be measured.
    pub perfdata: String,
}

/// Plays all of them, with files in `scratch`.
pub fn play(scratch: &Path) -> Vec<Played> {
    let text = SCENES.iter().filter(|scene| scene.is_text());
    let played = text.zip(1..).map(|(scene, number)| {
        let scratch = scratch.join(number.to_string());
        fs::create_dir(&scratch).unwrap();
        let staged = scene.stage(&scratch).unwrap();
        let outcome = run_command(plugin(scene.plugin).args(&staged.arguments));
        outcome.assert_text(scene.exit);
        let perfdata = outcome.first_line().split_once(" | ").map_or("", |(_, perfdata)| perfdata).to_owned();
        Played { command: format!("{} {}", scene.plugin, staged.arguments.join(" ")), state: scene.exit, perfdata }
    });
    played.collect()
}
