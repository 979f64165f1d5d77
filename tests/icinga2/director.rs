//! Does Icinga Director make of its basket what the files say? Restored by its own program into a real database, and rendered.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use check_um::checks::schedule::Vantage;
use check_um_generate::icinga2::command_name;
use check_um_generate::register::{plugins, services};
use check_um_generate::sip_server;
use serde_json::Value;
use tempfile::TempDir;

use super::node::{self, Scratch};
use super::postgresql::{Database, postgresql};
use super::{committed, support};

#[test]
fn what_director_renders_is_what_the_files_say() {
    let Some(director) = Director::start() else { return };
    director.restore();
    let fields = director.database.sql("director", &["-c", "select count(*) from director_datafield"]);
    // A newer basket takes the place of the older one.
    director.restore();
    assert_eq!(director.database.sql("director", &["-c", "select count(*) from director_datafield"]), fields);

    let mut rendered = String::new();
    for plugin in plugins() {
        rendered += &director.run(&["command", "show", command_name(plugin.about.name)], None);
    }
    assert_eq!(said(&rendered), said(&committed("um-commands.conf")));
    let mut templates = String::new();
    for check in services().chain(sip_server::services()) {
        let template = director.run(&["service", "show", check.name], None);
        for line in [
            format!("template Service \"{}\" {{", check.name),
            format!("check_command = \"{}\"", command_name(check.plugin)),
            format!("check_interval = {}", duration(check.interval)),
            format!("max_check_attempts = \"{}\"", check.attempts),
        ] {
            assert!(template.lines().any(|known| known.trim() == line), "no {line:?} in {template}");
        }
        templates += &template;
    }
    if node::is_installed() {
        let scratch = Scratch::new("icinga.example.com");
        let node = "object Endpoint NodeName { }\nobject Zone \"main\" { endpoints = [ NodeName ] }\n";
        let mut objects = format!("{node}object Host \"pbx1\" {{\n  check_command = \"dummy\"\n}}\n");
        for check in services().chain(sip_server::services()).filter(|check| check.vantage != Vantage::Agent) {
            let name = check.name;
            objects += &format!("object Service \"{name}\" {{\n  import \"{name}\"\n  host_name = \"pbx1\"\n}}\n");
        }
        scratch.configure(&(rendered + &templates + &objects));
        scratch.assert_accepted();
    }
}

#[test]
fn every_condition_has_room_in_directors_table() {
    let basket: Value = serde_json::from_str(&committed("director-basket.json")).unwrap();
    let commands = basket["Command"].as_object().unwrap();
    assert_eq!(commands.len(), plugins().len());
    for (name, command) in commands {
        for (key, argument) in command["arguments"].as_object().unwrap() {
            let length = argument["set_if"].as_str().map_or(0, str::len);
            assert!(length <= 255, "{name} {key}: {length}");
        }
    }
    for (_, field) in basket["Datafield"].as_object().unwrap() {
        assert!(field["varname"].as_str().unwrap().len() <= 64, "{field}");
    }
}

/// Director with an empty database. It ends with the test.
struct Director {
    database: Database,
    directory: TempDir,
}

impl Director {
    /// `None`, and a note, where a part is missing.
    fn start() -> Option<Self> {
        let initdb = postgresql().join("initdb");
        for file in [Path::new("/usr/bin/icingacli"), &Path::new(MODULES).join("director"), &initdb] {
            if !file.exists() {
                support::skipped(&format!("{} is not there", file.display()));
                return None;
            }
        }
        let directory = tempfile::tempdir().unwrap();
        // The database has a user of its own.
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let database = Database::start(&directory.path().join("database"), "director");
        database.sql("postgres", &["-c", "create database director"]);
        database.sql("director", &["-c", "create extension pgcrypto"]);
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("config.ini", &format!("[global]\nconfig_backend = \"ini\"\nmodule_path = \"{MODULES}\"\n"));
        write("resources.ini", &RESOURCE.replace("@PORT@", &database.port.to_string()));
        write("modules/director/config.ini", "[db]\nresource = \"director\"\n");
        fs::create_dir(directory.path().join("enabledModules")).unwrap();
        for module in ["director", "incubator", "reactbundle"] {
            let link = directory.path().join("enabledModules").join(module);
            symlink(Path::new(MODULES).join(module), link).unwrap();
        }
        let director = Self { database, directory };
        director.run(&["migration", "run"], None);
        Some(director)
    }

    /// As the README says it.
    fn restore(&self) {
        let basket = support::root().join("integrations/icinga2/director-basket.json");
        let said = self.run(&["basket", "restore"], Some(&basket));
        assert!(said.contains("have been restored"), "{said}");
    }

    /// What `icingacli director` says.
    fn run(&self, words: &[&str], input: Option<&Path>) -> String {
        let mut command = Command::new("icingacli");
        command.arg("director").args(words).env("ICINGAWEB_CONFIGDIR", self.directory.path());
        command.stdin(input.map_or_else(Stdio::null, |path| File::open(path).unwrap().into()));
        let ran = command.output().unwrap();
        assert!(ran.status.success() && ran.stderr.is_empty(), "{words:?}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }
}

/// What a text says of each check command, a line for each property. It is told in the same words where they mean the same:
/// where the plugins are, and that a check command runs a program.
fn said(text: &str) -> BTreeSet<String> {
    let mut inside = Vec::new();
    let mut said = BTreeSet::new();
    for line in one_line_each(text).lines().map(str::trim) {
        if line.is_empty() || line.starts_with("/*") || line == "import \"plugin-check-command\"" {
            continue;
        }
        let line = line.replace("UmPluginDir", "PluginDir").replace(" + UmExtension", "").replace("+= {", "= {");
        if line.ends_with('{') {
            inside.push(line.trim_end_matches(['{', '=', ' ']).to_owned());
        } else if line == "}" {
            inside.pop();
        } else if inside.first().is_some_and(|first| first.starts_with("object CheckCommand ")) {
            said.insert(format!("{}: {line}", inside.join(", ")));
        }
    }
    assert!(said.len() > 500, "{said:#?}");
    said
}

/// The same with every function in one line.
fn one_line_each(text: &str) -> String {
    let mut parts = text.split("{{");
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (function, rest) = part.split_once("}}").unwrap();
        joined += &format!("{{{{ {} }}}}{rest}", function.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    joined
}

/// Minutes as Director writes them.
fn duration(minutes: u32) -> String {
    if minutes.is_multiple_of(60) { format!("{}h", minutes / 60) } else { format!("{minutes}m") }
}

const MODULES: &str = "/usr/share/icingaweb2/modules";

const RESOURCE: &str = "\
[director]
type = \"db\"
db = \"pgsql\"
host = \"127.0.0.1\"
port = \"@PORT@\"
dbname = \"director\"
username = \"director\"
password = \"director\"
charset = \"utf8\"
";
