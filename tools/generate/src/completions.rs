//! What does a shell propose behind a plugin's name? Its options and their choices, from the same command line as its page.

use std::io;

use clap::Command;
use clap::builder::ValueHint;
pub use clap_complete::Shell;
use clap_complete::generate;

use crate::File;
use crate::register::{Plugin, plugins};

/// The scripts, for each plugin one of each shell.
///
/// Fails where a script is not text.
pub fn files() -> io::Result<Vec<File>> {
    let plugins = plugins();
    plugins.iter().flat_map(|plugin| SHELLS.iter().map(|shell| file(plugin, *shell))).collect()
}

/// The place of a plugin's script. Its name is the one by which the shell looks for it.
pub fn path(plugin: &str, shell: Shell) -> String {
    match shell {
        Shell::Zsh => format!("completions/zsh/_{plugin}"),
        Shell::Fish => format!("completions/fish/{plugin}.fish"),
        other => format!("completions/{other}/{plugin}"),
    }
}

fn file(plugin: &Plugin, shell: Shell) -> io::Result<File> {
    let name = plugin.about.name;
    let mut command = hinted(plugin.command.clone());
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    let mut content = String::from_utf8(script).map_err(io::Error::other)?;
    if shell == Shell::Fish {
        // What takes no argument is not to be offered the files of the directory.
        content.insert_str(0, &format!("complete -c {name} -f\n"));
    }
    Ok(File { path: path(name, shell), content })
}

/// The command line with what a shell can look up: files and hosts. Of all else it knows nothing and proposes nothing.
fn hinted(mut command: Command) -> Command {
    command.build();
    command.mut_args(|argument| match argument.get_value_names().and_then(<[_]>::first).map(|name| name.as_str()) {
        Some("FILE") => argument.value_hint(ValueHint::FilePath),
        Some("HOST") => argument.value_hint(ValueHint::Hostname),
        // Names such as SEC[:STATE] go unescaped into zsh's own syntax, where a colon begins what it shall call.
        Some(name) if name.contains([':', '\'']) => argument.value_hint(ValueHint::Other).value_name("VALUE"),
        Some(_) => argument.value_hint(ValueHint::Other),
        None => argument,
    })
}

/// For which shells.
pub const SHELLS: &[Shell] = &[Shell::Bash, Shell::Zsh, Shell::Fish];
