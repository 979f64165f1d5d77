//! Is the template whole? Everything that it names is there, every command line is one of its plugin, nothing overlaps.

use std::collections::BTreeSet;
use std::fs;

use check_um::checks::schedule::ScheduledService;
use check_um_generate::register::{plugin_of, services};
use check_um_generate::sip_server;
use check_um_generate::zabbix;
use check_um_generate::zabbix::command::{agent_name, asked_by_agents, values};
use check_um_generate::zabbix::linked::{ROUTER, SERVER};
use check_um_generate::zabbix::template::export;
use check_um_generate::zabbix::triggers;
use check_um_generate::zabbix::yaml::{Node, list};

use crate::site::{Site, all, template_of};
use crate::support::root;

#[test]
fn every_uuid_is_of_version_4_and_there_once() {
    // The group of both documents is one.
    let documents = [&ROUTER[..], &SERVER].map(export);
    let mut uuids = Vec::new();
    for (document, is_first) in documents.iter().zip([true, false]) {
        document.walk(&mut |node| {
            let is_group = node.text("name") == "Templates/Telephony";
            uuids.extend(node.at("uuid").filter(|_| is_first || !is_group).map(|_| node.text("uuid")));
        });
    }
    for uuid in &uuids {
        let is_hex = uuid.len() == 32 && uuid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_version_4 = is_hex && &uuid[12..13] == "4" && "89ab".contains(&uuid[16..17]);
        assert!(is_version_4, "{uuid}");
    }
    assert!(uuids.len() > 100, "{} only", uuids.len());
    assert_eq!(uuids.iter().collect::<BTreeSet<_>>().len(), uuids.len(), "one of them is there twice");
}

#[test]
fn everything_that_is_named_is_there() {
    [&ROUTER[..], &SERVER].map(export).iter().for_each(assert_names_what_is_there);
}

fn assert_names_what_is_there(document: &Node) {
    let export = document.at("zabbix_export").unwrap();
    let mut keys = BTreeSet::new();
    for template in export.list("templates") {
        let host = template.text("name");
        let names = |list: &str, name: &str| -> BTreeSet<String> {
            template.list(list).iter().map(|part| part.text(name).to_owned()).collect()
        };
        let (own, maps) = (names("items", "key"), names("valuemaps", "name"));
        // Those of more than one item stand beside the templates.
        let of_items = template.list("items").iter().flat_map(|item| item.list("triggers"));
        let is_own = |trigger: &&Node| trigger.text("expression").contains(&format!("/{host}/"));
        let triggers: Vec<_> = of_items.chain(export.list("triggers").iter().filter(is_own)).collect();
        for item in template.list("items") {
            let master = item.at("master_item").map(|master| master.text("key"));
            assert!(master.is_none_or(|key| own.contains(key)), "{host}: no item {master:?}");
            let map = item.at("valuemap").map(|map| map.text("name"));
            assert!(map.is_none_or(|name| maps.contains(name)), "{host}: no value map {map:?}");
        }
        for trigger in &triggers {
            for named in trigger.text("expression").split(&format!("/{host}/")).skip(1) {
                let key = &named[..=named.find(']').unwrap()];
                assert!(own.contains(key), "{host}: {} asks for {key}", trigger.text("name"));
            }
            for on in trigger.list("dependencies") {
                let is_there = triggers.iter().any(|known| {
                    known.text("name") == on.text("name") && known.text("expression") == on.text("expression")
                });
                assert!(is_there, "{host}: {} depends on {}", trigger.text("name"), on.text("name"));
            }
        }
        let reports = template.list("items").iter().filter(|item| item.at("master_item").is_none());
        assert_eq!(triggers.len(), reports.count() * 4, "{host}: three states and silence for each check");
        keys.extend(own.into_iter().map(|key| (host.to_owned(), key)));
    }
    let mut graphs = BTreeSet::new();
    for graph in export.list("graphs") {
        for drawn in graph.list("graph_items") {
            let item = drawn.at("item").unwrap();
            let place = (item.text("host").to_owned(), item.text("key").to_owned());
            assert!(keys.contains(&place), "{}: no item {place:?}", graph.text("name"));
            graphs.insert((place.0, graph.text("name").to_owned()));
        }
    }
    document.walk(&mut |node| match (node.text("type"), node.at("value")) {
        ("GRAPH", Some(value)) => {
            assert!(graphs.contains(&(value.text("host").to_owned(), value.text("name").to_owned())), "{node:?}");
        }
        ("ITEM", Some(value)) => {
            assert!(keys.contains(&(value.text("host").to_owned(), value.text("key").to_owned())), "{node:?}");
        }
        _ => {}
    });
}

#[test]
fn every_macro_is_defined_and_every_definition_is_used() {
    for linked in all() {
        let template = template_of(linked);
        let mut used = BTreeSet::new();
        let whole = list([template.clone(), triggers::problems(&[linked])]);
        whole.walk(&mut |node| {
            let texts = ["key", "delay", "expression", "event_name"].map(|name| node.text(name));
            for part in texts.into_iter().flat_map(|text| text.split("{$").skip(1)) {
                used.insert(format!("{{${}}}", part.split('}').next().unwrap()));
            }
        });
        let defined: BTreeSet<_> = template.list("macros").iter().map(|known| known.text("macro").to_owned()).collect();
        let bare = |name: &str| name.split_once(':').map_or(name.to_owned(), |(bare, _)| format!("{bare}}}"));
        for name in &used {
            assert!(defined.contains(name) || defined.contains(&bare(name)), "{linked:?}: {name} is not defined");
        }
        for name in &defined {
            assert!(
                used.contains(name) || used.iter().any(|used| bare(used) == *name),
                "{linked:?}: {name} is not used"
            );
        }
    }
}

#[test]
fn no_widget_covers_another_or_leaves_the_grid() {
    for linked in all() {
        let template = template_of(linked);
        let widgets = template.list("dashboards")[0].list("pages")[0].list("widgets");
        let number = |widget: &Node, name: &str| widget.text(name).parse::<u32>().unwrap_or(0);
        let mut cells = BTreeSet::new();
        for widget in widgets {
            let [x, y, width, height] = ["x", "y", "width", "height"].map(|name| number(widget, name));
            assert!(x + width <= 24 && y + height <= 64, "{}", widget.text("name"));
            for cell in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
                assert!(cells.insert(cell), "{linked:?}: {} covers another", widget.text("name"));
            }
        }
    }
}

#[test]
fn every_external_check_is_a_command_line_of_its_plugin() {
    let (here, nowhere_else) = (Site::healthy(), Site::plain());
    for check in services().chain(sip_server::services()) {
        for site in [&here, &nowhere_else] {
            assert_parses(check, site.argv(check));
        }
    }
}

#[test]
fn every_user_parameter_is_a_command_line_of_its_plugin() {
    for file in ["check_um_linux.conf", "check_um_windows.conf"] {
        let text = fs::read_to_string(root().join("integrations/zabbix").join(file)).unwrap();
        let mut known = 0;
        for line in text.lines().filter_map(|line| line.strip_prefix("UserParameter=")) {
            let (key, command) = line.split_once(',').unwrap();
            let check = services().find(|check| key == format!("{}[*]", agent_name(check))).unwrap();
            let values = values(check).into_iter().map(|value| Site::plain().resolve(check, &value));
            let mut command = command.to_owned();
            for (value, n) in values.zip(1..) {
                assert!(!value.contains(REFUSED), "{file}: an agent refuses {value}");
                assert!(command.contains(&format!("\"${n}\"")), "{file}: {key} has no place for {value}");
                command = command.replace(&format!("${n}"), &value);
            }
            assert!(!command.contains('$'), "{file}: {command}");
            let words = words(&command);
            assert!(words[0].ends_with(check.plugin) || words[0].ends_with(&format!("\\{}.exe", check.plugin)));
            assert_parses(check, words[1..].to_vec());
            known += 1;
        }
        assert_eq!(known, asked_by_agents().count(), "{file}");
    }
}

#[test]
fn the_readme_names_every_template_file_check_and_macro() {
    let readme = fs::read_to_string(root().join("integrations/zabbix/README.md")).unwrap();
    let documents = [&ROUTER[..], &SERVER].map(export);
    let templates = || documents.iter().flat_map(|it| it.at("zabbix_export").unwrap().list("templates"));
    let generated = zabbix::files().unwrap().into_iter().filter(|file| !file.path.ends_with("README.md"));
    let mut names: Vec<String> = templates().map(|template| template.text("name").to_owned()).collect();
    names.extend(generated.map(|file| file.path.trim_start_matches("zabbix/").to_owned()));
    names.extend(services().chain(sip_server::services()).map(|check| check.name.to_owned()));
    let macros = templates().flat_map(|template| template.list("macros"));
    names.extend(macros.map(|known| known.text("macro").split([':', '}']).next().unwrap().to_owned()));
    for name in names {
        assert!(readme.contains(&format!("`{name}")), "integrations/zabbix/README.md does not say {name}");
    }
}

/// Panics unless the plugin takes these arguments for a run with a report in JSON.
#[track_caller]
fn assert_parses(check: &ScheduledService, argv: Vec<String>) {
    let parsed =
        plugin_of(check).command.try_get_matches_from(std::iter::once(check.plugin.to_owned()).chain(argv.clone()));
    let parsed = parsed.unwrap_or_else(|error| panic!("{}: {argv:?}: {error}", check.name));
    let output = parsed.get_raw("output").and_then(Iterator::last).unwrap();
    assert_eq!(output, "json", "{}: {argv:?}", check.name);
}

/// The words of a command line in which only double quotes matter.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// What an agent refuses in a parameter unless UnsafeUserParameters is set.
const REFUSED: &[char] = &[
    '\\', '\'', '"', '`', '*', '?', '[', ']', '{', '}', '~', '$', '!', '&', ';', '(', ')', '<', '>', '|', '#', '@',
    '\n',
];
