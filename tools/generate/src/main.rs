//! Writes the man pages, the completions and the schedulers' files anew; with `--check` it only says which of them are out of date.

#![allow(clippy::print_stdout, reason = "a tool talks to the person who runs it")]

use std::error::Error;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let is_check = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [option] if option == "--check" => true,
        others => return Err(format!("{others:?}: expected nothing or --check").into()),
    };
    let files = check_um_generate::files()?;
    let stale: Vec<_> = files.iter().filter(|file| !file.is_up_to_date()).collect();
    for file in &stale {
        if is_check {
            println!("{} is out of date", file.path);
        } else {
            file.write()?;
            println!("{} written", file.path);
        }
    }
    println!("{} files, {} of them {}", files.len(), stale.len(), if is_check { "out of date" } else { "written" });
    Ok(if is_check && !stale.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
