//! What do the checks find? Everything that they ask on one loopback host, well or ailing, and the macros that say where it is.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::{fs, io, thread};

use call_router::scene::Condition;
use call_router::scenes;
use check_um::checks::schedule::ScheduledService;
use check_um_generate::register::services;
use check_um_generate::zabbix::command::argv;
use check_um_generate::zabbix::facts::{contextual, parameters};
use check_um_generate::zabbix::linked::{Linked, ROUTER, SERVER};
use check_um_generate::zabbix::template;
use check_um_generate::zabbix::yaml::Node;
use tempfile::TempDir;

use crate::support::peer::Peer;

/// A Call Router and what it depends on.
pub struct Site {
    /// What is set at the host; the templates say the rest.
    pub macros: BTreeMap<String, String>,
    directory: TempDir,
}

impl Site {
    /// All is well.
    pub fn healthy() -> Self {
        Self::of(Condition::Well)
    }

    /// Every question is answered, and every answer is bad.
    pub fn failing() -> Self {
        Self::of(Condition::Failing)
    }

    /// Nobody is there, nothing can be read.
    pub fn gone() -> Self {
        Self::of(Condition::Gone)
    }

    /// A host at which nothing is set.
    pub fn plain() -> Self {
        Self { macros: BTreeMap::new(), directory: tempfile::tempdir().unwrap() }
    }

    /// The scene of each service in that condition.
    fn of(condition: Condition) -> Self {
        let mut site = Self::plain();
        for check in services() {
            let scene = scenes::scene_of(check.name, condition);
            let scene = scene.unwrap_or_else(|| panic!("no scene of {} {condition:?}", check.name));
            let scratch = site.directory.path().join(check.name);
            fs::create_dir(&scratch).unwrap();
            let staged = scene.stage(&scratch).unwrap();
            site.set_as_in(check, &staged.arguments);
        }
        site
    }

    /// Says by macros what a command line says: options with their values, of which all but one are macros.
    fn set_as_in(&mut self, check: &ScheduledService, arguments: &[String]) {
        let parameters = parameters(check);
        for pair in arguments.chunks(2) {
            let [option, value] = pair else { panic!("{}: {pair:?} is no option with its value", check.name) };
            let option = match option.as_str() {
                "-H" => continue,
                "-p" => "--port",
                "-w" => "--warning",
                "-c" => "--critical",
                option if check.arguments.contains(&(option, value)) => continue,
                option => option,
            };
            match parameters.iter().find(|parameter| parameter.option == option) {
                Some(parameter) => drop(self.macros.insert(parameter.macro_name.clone(), value.clone())),
                None => {
                    let other = self.macros.insert(contextual("OPTION", check), format!("{option}={value}"));
                    assert_eq!(other, None, "{}: one further option fits into its macro", check.name);
                }
            }
        }
    }

    /// Sets a macro of one check.
    pub fn set(&mut self, name: &str, check: &str, value: String) {
        self.macros.insert(format!("{{$UM.{name}:{check}}}"), value);
    }

    /// The port at which a check finds what it asks.
    pub fn port(&self, check: &str) -> u16 {
        self.macros[&format!("{{$UM.PORT:{check}}}")].parse().unwrap()
    }

    /// What Zabbix makes of the macros in `text`: the host's, else the template's, each with its context or else without.
    pub fn resolve(&self, check: &ScheduledService, text: &str) -> String {
        let macros = template(check).list("macros").iter();
        let defaults: BTreeMap<_, _> = macros.map(|known| (known.text("macro"), known.text("value"))).collect();
        let mut resolved = text.replace("{HOST.CONN}", "127.0.0.1");
        while let Some(from) = resolved.find("{$") {
            let to = from + resolved[from..].find('}').unwrap() + 1;
            let name = resolved[from..to].to_owned();
            let bare = name.split_once(':').map_or(name.clone(), |(bare, _)| format!("{bare}}}"));
            let known = |name: &str| {
                self.macros.get(name).cloned().or_else(|| defaults.get(name).map(|value| (*value).to_owned()))
            };
            let value = known(&name).or_else(|| known(&bare)).unwrap_or_else(|| panic!("{name} is not defined"));
            resolved.replace_range(from..to, &value);
        }
        resolved
    }

    /// The arguments of a check here.
    pub fn argv(&self, check: &ScheduledService) -> Vec<String> {
        argv(check).iter().map(|word| self.resolve(check, word)).collect()
    }
}

/// One port behind which one of two routers answers.
pub struct Switch {
    peer: Peer,
    fails: Arc<AtomicBool>,
}

impl Switch {
    /// The healthy one answers at first.
    pub fn between(healthy: u16, failing: u16) -> Self {
        let fails = Arc::<AtomicBool>::default();
        let switch = Arc::clone(&fails);
        let peer = Peer::tcp(move |stream| {
            let port = if switch.load(Ordering::SeqCst) { failing } else { healthy };
            let Ok(router) = TcpStream::connect(("127.0.0.1", port)) else { return };
            let (mut asked, mut answered) = (stream.try_clone().unwrap(), router.try_clone().unwrap());
            let back = thread::spawn(move || io::copy(&mut answered, &mut &stream));
            // The router hangs up when its peer does, which ends the other direction.
            let _ = io::copy(&mut asked, &mut &router);
            let _ = router.shutdown(Shutdown::Write);
            let _ = back.join();
        });
        Self { peer, fails }
    }

    /// From now on, who answers.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Its port.
    pub fn port(&self) -> String {
        self.peer.port()
    }
}

/// The template of a check.
pub fn template(check: &ScheduledService) -> &'static Node {
    template_of(Linked::of(check))
}

/// A template; to make one takes a while.
pub fn template_of(linked: Linked) -> &'static Node {
    static TEMPLATES: LazyLock<Vec<(Linked, Node)>> =
        LazyLock::new(|| all().map(|linked| (linked, template::template(linked))).collect());
    TEMPLATES.iter().find(|(known, _)| *known == linked).map(|(_, node)| node).unwrap()
}

/// Every template.
pub fn all() -> impl Iterator<Item = Linked> {
    ROUTER.into_iter().chain(SERVER)
}
