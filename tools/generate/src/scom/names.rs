//! What is each element called? Ids in one place, so that two sections cannot spell one differently.

/// `um-sip-options` or `check_um_sip_options` as `SipOptions`.
pub fn pascal(name: &str) -> String {
    let name = name.strip_prefix("check_").unwrap_or(name);
    let words = name.strip_prefix("um").unwrap_or(name).split(['-', '_']);
    words
        .flat_map(|word| word.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }))
        .collect()
}

/// The ids of one pack.
#[derive(Clone, Copy, Debug)]
pub struct Names(pub &'static str);

impl Names {
    /// The class that is watched.
    pub fn class(self) -> String {
        self.id(&["Server"])
    }

    /// A thing that there is one of.
    pub fn only(self, thing: &str) -> String {
        self.id(&[thing])
    }

    /// A module type or monitor type of a plugin.
    pub fn of_plugin(self, plugin: &str, kind: &str) -> String {
        self.id(&[&pascal(plugin), kind])
    }

    /// The monitor of a check.
    pub fn monitor(self, check: &str) -> String {
        self.id(&[&pascal(check), "Monitor"])
    }

    /// The alert of a check's monitor.
    pub fn alert(self, check: &str) -> String {
        self.id(&[&pascal(check), "Monitor", "AlertMessage"])
    }

    /// The rule that collects a number of a check.
    pub fn rule(self, check: &str, metric: &str) -> String {
        self.id(&[&pascal(check), &pascal(metric), "Rule"])
    }

    /// The task that runs a check.
    pub fn task(self, check: &str) -> String {
        self.id(&[&pascal(check), "Task"])
    }

    fn id(self, parts: &[&str]) -> String {
        [&[self.0], parts].concat().join(".")
    }
}
