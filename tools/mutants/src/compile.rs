//! Which of the mutants does the compiler bear? What it refuses is taken out, until all compiles.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    ops::Range,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    Failure,
    list::{self, Mutant},
    sites::{self, ELSEWHERE, Sites},
    weave::{Woven, weave as woven},
};

/// Weaves the mutants of a list into the sources below `tree`, and keeps there, in [`KEPT`], what became of each.
pub fn weave(list: &Path, tree: &Path) -> Result<(), Failure> {
    let mutants = list::read(list)?;
    let mut files = BTreeMap::new();
    let mut elsewhere = Vec::new();
    for path in sources(&tree.join("src"))? {
        let source = fs::read_to_string(tree.join(&path))?;
        let here: Vec<Mutant> = mutants.iter().filter(|mutant| mutant.file == path).cloned().collect();
        let sites = sites::find(&source, &here).map_err(|error| format!("{path}: {error}"))?;
        let home = path.trim_end_matches(".rs").trim_end_matches("/mod").trim_end_matches("/lib").to_owned();
        elsewhere.extend(sites.elsewhere.iter().map(|module| format!("{home}/{module}")));
        files.insert(path, (source, here, sites));
    }
    let is_elsewhere = |path: &str| {
        elsewhere.iter().any(|module| path.strip_prefix(module.as_str()).is_some_and(|r| r.starts_with(['/', '.'])))
    };
    let mut fates: BTreeMap<u32, String> = BTreeMap::new();
    for (path, (_, here, sites)) in &mut files {
        if is_elsewhere(path) {
            *sites = Sites { left: here.iter().map(|mutant| (mutant.number, ELSEWHERE)).collect(), ..Sites::default() };
        }
        fates.extend(sites.left.iter().map(|(number, why)| (*number, (*why).to_owned())));
    }
    let last = mutants.len() as u32;
    fs::write(tree.join("src/mutant.rs"), HOOK.replace("LAST", &(last + 1).to_string()))?;

    let mut out = HashSet::new();
    loop {
        let mut all = BTreeMap::new();
        for (path, (source, _, sites)) in &files {
            let mut file = woven(source, &sites.edits, &out);
            if path == "src/lib.rs" {
                file.text += "\nmod mutant;\n";
            }
            write_changed(&tree.join(path), &file.text)?;
            all.insert(path.clone(), file);
        }
        let refused = refused(tree, &all)?;
        if refused.is_empty() {
            break;
        }
        for (number, why) in refused {
            out.insert(number);
            fates.entry(number).or_insert(why);
        }
        say(&format!("{} mutants do not compile", out.len()));
    }
    let fate = |mutant: &Mutant| fates.get(&mutant.number).map_or(Value::Null, |fate| json!(fate));
    let kept: Vec<Value> = mutants
        .iter()
        .map(|mutant| json!({ "number": mutant.number, "name": mutant.name, "left": fate(mutant) }))
        .collect();
    fs::write(tree.join(KEPT), serde_json::to_string_pretty(&kept)?)?;
    say(&format!("{} of {} mutants woven", mutants.len() - fates.len(), mutants.len()));
    Ok(())
}

/// What the compiler refuses, whose it is and why.
fn refused(tree: &Path, files: &BTreeMap<String, Woven>) -> Result<BTreeMap<u32, String>, Failure> {
    let build = Command::new("cargo")
        .args(["test", "--lib", "--no-run", "--locked", "--message-format", "json"])
        .current_dir(tree)
        .output()?;
    let mut refused = BTreeMap::new();
    let mut unknown = String::new();
    for line in String::from_utf8_lossy(&build.stdout).lines().filter(|line| line.starts_with('{')) {
        let message: Value = serde_json::from_str(line)?;
        let message = &message["message"];
        if message["level"] != "error" {
            continue;
        }
        let (spans, code) = (spans(message), message["code"]["code"].as_str().unwrap_or_default());
        let why = format!("{} {code}", if LENT.contains(&code) { "entangled:" } else { "unviable:" });
        let owners = match code {
            NOT_EXHAUSTIVE => arms(&spans, message, files),
            _ => owners(&spans, files),
        };
        if owners.is_empty() {
            unknown += message["rendered"].as_str().unwrap_or_default();
        }
        refused.extend(owners.into_iter().map(|number| (number, why.clone())));
    }
    match build.status.success() || !refused.is_empty() {
        true => Ok(refused),
        false => {
            let said = String::from_utf8_lossy(&build.stderr);
            Err(format!("what does not compile is no mutant's: {unknown}{said}").into())
        }
    }
}

struct Place {
    file: String,
    range: Range<usize>,
    is_primary: bool,
}

fn spans(message: &Value) -> Vec<Place> {
    let mut spans = Vec::new();
    for span in message["spans"].as_array().into_iter().flatten() {
        // What a macro writes is told at the place where it was called.
        let mut span = span;
        while !span["expansion"].is_null() {
            span = &span["expansion"]["span"];
        }
        let at = |name: &str| span[name].as_u64().unwrap_or_default() as usize;
        let file = span["file_name"].as_str().unwrap_or_default().to_owned();
        spans.push(Place { file, range: at("byte_start")..at("byte_end"), is_primary: span["is_primary"] == true });
    }
    spans.sort_by_key(|span| !span.is_primary);
    spans
}

/// The mutants that an error is about: whose own text it names, or else all of the smallest place around it.
fn owners(spans: &[Place], files: &BTreeMap<String, Woven>) -> Vec<u32> {
    for span in spans {
        let Some(file) = files.get(&span.file) else { continue };
        let is_within =
            |range: &&(Range<usize>, u32)| range.0.start <= span.range.start && span.range.end <= range.0.end;
        let own: Vec<u32> = file.own.iter().filter(is_within).map(|(_, number)| *number).collect();
        if !own.is_empty() {
            return own;
        }
    }
    for span in spans {
        let Some(file) = files.get(&span.file) else { continue };
        let around =
            file.places.iter().filter(|(range, _)| range.start <= span.range.start && span.range.end <= range.end);
        if let Some((_, numbers)) = around.min_by_key(|(range, _)| range.len()) {
            return numbers.clone();
        }
        let within =
            file.places.iter().filter(|(range, _)| span.range.start <= range.start && range.end <= span.range.end);
        let numbers: Vec<u32> = within.flat_map(|(_, numbers)| numbers.clone()).collect();
        if !numbers.is_empty() {
            return numbers;
        }
    }
    Vec::new()
}

/// The arms of a match that is not exhaustive: from what is matched on to where the compiler would add one.
fn arms(matched: &[Place], message: &Value, files: &BTreeMap<String, Woven>) -> Vec<u32> {
    let Some((matched, file)) = matched.first().and_then(|place| Some((place, files.get(&place.file)?))) else {
        return Vec::new();
    };
    let children = message["children"].as_array().into_iter().flatten();
    let end = children.flat_map(spans).filter(|place| place.file == matched.file).map(|place| place.range.end).max();
    let is_arm = |(range, _): &&(Range<usize>, u32)| {
        matched.range.end <= range.start
            && range.end <= end.unwrap_or_default()
            && file.text[range.clone()].contains("!crate::mutant::is")
    };
    file.own.iter().filter(is_arm).map(|(_, number)| *number).collect()
}

/// Every Rust file below a directory, from the package's root on.
pub fn sources(directory: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut open = vec![(directory.to_owned(), "src".to_owned())];
    while let Some((directory, name)) = open.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            match entry.file_type()?.is_dir() {
                true => open.push((entry.path(), name)),
                false if name.ends_with(".rs") && name != "src/mutant.rs" => found.push(name),
                false => {}
            }
        }
    }
    Ok(found)
}

/// A file that stays as it is keeps its time, and what was compiled of it.
fn write_changed(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path)? != text {
        fs::write(path, text)?;
    }
    Ok(())
}

/// A line for who waits.
#[expect(clippy::print_stdout, reason = "a tool for the command line")]
pub fn say(line: &str) {
    println!("{line}");
}

/// What became of each mutant, below the tree.
pub const KEPT: &str = "mutants.json";
/// Errors that a place with several mutants can have where one alone has none: what is moved or lent twice.
const LENT: [&str; 10] = ["E0381", "E0382", "E0499", "E0502", "E0503", "E0505", "E0506", "E0507", "E0597", "E0716"];
/// A match without the arm that a value takes.
const NOT_EXHAUSTIVE: &str = "E0004";
/// What the woven sources ask.
const HOOK: &str = r#"//! Which mutant is awake?

use std::{
    env, fs,
    io::Write,
    sync::OnceLock,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

static AWAKE: OnceLock<u32> = OnceLock::new();
static REACHED: OnceLock<Option<String>> = OnceLock::new();
static SEEN: [AtomicBool; LAST] = [const { AtomicBool::new(false) }; LAST];

/// Whether this mutant is the one.
#[inline(never)]
pub(crate) fn is(number: u32) -> bool {
    let awake = *AWAKE.get_or_init(|| env::var("CHECK_UM_MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    if awake == 0 {
        note(number);
    }
    awake == number
}

#[cold]
fn note(number: u32) {
    if SEEN.get(number as usize).is_none_or(|seen| seen.swap(true, Relaxed)) {
        return;
    }
    if let Some(path) = REACHED.get_or_init(|| env::var("CHECK_UM_MUTANTS_REACHED").ok()) {
        if let Ok(mut file) = fs::File::options().create(true).append(true).open(path) {
            let _ = file.write_all(format!("{number}\n").as_bytes());
        }
    }
}
"#;
