//! What do the plugins say? Each one's output and exit code against a simulated Call Router, healthy and failing.
//!
//! ```sh
//! cargo run -p check-um-demo
//! cargo run -p check-um-demo -- --keep
//! ```
//!
//! Builds the plugins, plays every scene of `tools/call-router/src/scenes.rs` that has a title, and exits 1 if a plugin's
//! exit code is not the one that the scene expects. With `--keep` routers and files stay until it is interrupted, so that
//! each command that it has shown can be run again.

#![allow(clippy::print_stdout, reason = "a demo talks to the person who runs it")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, thread};

use call_router::scene::{Scene, Staged};
use call_router::scenes::SCENES;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let keeps = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [option] if option == "--keep" => true,
        others => return Err(format!("{others:?}: expected nothing or --keep").into()),
    };
    let plugins = build()?;
    let files = env::temp_dir().join(format!("check-um-demo-{}", std::process::id()));
    fs::create_dir(&files)?;
    let titled = SCENES.iter().filter_map(|scene| Some((scene.title?, scene)));
    let played = titled.map(|(title, scene)| play(title, scene, &plugins, &files)).collect::<Result<Vec<_>, _>>();
    if !keeps {
        fs::remove_dir_all(&files)?;
    }

    let played = played?;
    let surprises = played.iter().filter(|scene| !scene.as_expected).count();
    println!("{} scenes, {surprises} not as expected", played.len());
    if keeps {
        println!("The commands can be run again until this is interrupted:");
        println!("export PATH=\"{}:$PATH\"", plugins.display());
        println!("Then remove {}.", files.display());
        loop {
            thread::park();
        }
    }
    Ok(if surprises == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A scene that was shown.
struct Played {
    as_expected: bool,
    /// What the plugin asked, there until this is dropped.
    _staged: Staged,
}

/// Builds what is missing or out of date, in the profile of this program; where the plugins are then.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(env!("CARGO"));
    println!("Linking the plugins, a minute or two the first time ...\n");
    // Together with this package, so that what they depend on has the same features, and is not compiled once more.
    cargo.args(["build", "--bins", "--package", "check-um", "--package", env!("CARGO_PKG_NAME")]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // What the cargo that runs this says of this package only: ring's build script would take it for a reason to run again.
    for (name, _) in
        env::vars().filter(|(name, _)| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|it| name.starts_with(it)))
    {
        cargo.env_remove(name);
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.status()?.success() {
        return Err("the plugins do not build".into());
    }
    Ok(env::current_exe()?.parent().ok_or("a program without a directory")?.to_owned())
}

/// Runs one scene and shows it.
fn play(title: &str, scene: &Scene, plugins: &Path, files: &Path) -> Result<Played, Box<dyn Error>> {
    let staged = scene.stage(files)?;
    let ran = Command::new(plugins.join(scene.plugin)).args(&staged.arguments).output()?;
    println!("# {title}");
    println!("$ {} {}", scene.plugin, staged.arguments.join(" "));
    print!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let as_expected = ran.status.code() == Some(scene.exit) && ran.stderr.is_empty();
    let remark = if as_expected { String::new() } else { format!(", expected {}", scene.exit) };
    println!("exit {}{remark}\n", ran.status.code().map_or_else(|| "by a signal".to_owned(), |code| code.to_string()));
    Ok(Played { as_expected, _staged: staged })
}
