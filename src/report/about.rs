//! Which check is it, and what does it stand for in the health set?

use super::class::Class;
use super::policy::Override;

/// The fixed facts of one plugin.
#[derive(Debug)]
pub struct About {
    /// The plugin's name: file, binary, man page and default section of `--extra-opts`.
    pub name: &'static str,
    /// What its first line begins with, in upper case.
    pub title: &'static str,
    /// The part of Exchange's Managed Availability that it implements.
    pub stands_for: StandsFor,
    /// The failure classes that this plugin can meet beside those that every one can, in groups.
    pub classes: &'static [&'static [Class]],
    /// Where this plugin's default state of a class differs from the class's own.
    pub defaults: &'static [Override],
    /// What to do about a finding of one of these classes, or, for `None`, about a violated threshold.
    pub advice: fn(Option<Class>) -> &'static str,
}

impl About {
    /// The failure classes that this plugin can meet: its own, and what every one can: that this host lacks something, or that
    /// one of its files does not answer, such as an ini file.
    pub fn classes(&self) -> impl Iterator<Item = Class> {
        let own = || self.classes.iter().copied().flatten().copied();
        own().chain(
            [Class::Unreadable, Class::Local].into_iter().filter(move |class| !own().any(|known| known == *class)),
        )
    }

    /// What to do about a finding of a class, or, for `None`, about a violated threshold.
    pub fn advise(&self, class: Option<Class>) -> &'static str {
        self.advise_by(self.advice, class)
    }

    /// The same in the words of `advice`, for another kind of peer.
    pub fn advise_by(&self, advice: fn(Option<Class>) -> &'static str, class: Option<Class>) -> &'static str {
        self.on_this_host(class).unwrap_or_else(|| advice(class))
    }

    /// What to do about it where that does not depend on the question.
    fn on_this_host(&self, class: Option<Class>) -> Option<&'static str> {
        let is_own = |class| self.classes.iter().copied().flatten().any(|own| *own == class);
        match class {
            Some(Class::Local) => Some(ADVICE_ON_THIS_HOST),
            Some(Class::Unreadable) if !is_own(Class::Unreadable) => Some(ADVICE_ON_ITS_FILES),
            _ => None,
        }
    }
}

/// Names as Managed Availability spells them.
#[derive(Debug)]
pub struct StandsFor {
    /// The probe whose question is asked; empty where the health set has a monitor only.
    pub probe: &'static str,
    /// The monitor whose alert is replaced.
    pub monitor: &'static str,
}

/// The health set that all plugins stand for together.
pub const HEALTH_SET: &str = "UM.CallRouter";

/// What does not depend on the question.
const ADVICE_ON_THIS_HOST: &str = "Nothing is known of what was to be checked: the host that runs this check could not put \
                                   the question. Check its limits (ulimit -a, systemctl show: LimitNOFILE, TasksMax, \
                                   MemoryMax), its addresses, and what else runs on it.";

const ADVICE_ON_ITS_FILES: &str = "Check path, content and rights of the file that the reason names.";

/// The plugin of a test that is about no plugin.
#[cfg(test)]
pub(crate) static OF_A_TEST: About = About {
    name: "check_um_test",
    title: "UM TEST",
    stands_for: StandsFor { probe: "", monitor: "" },
    classes: &[],
    defaults: &[],
    advice: |_| "look",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lists_no_unreadable_source_has_files_that_cannot_be_read() {
        let own = About {
            name: "check_um_test",
            title: "UM TEST",
            stands_for: StandsFor { probe: "", monitor: "" },
            classes: &[&[Class::Unreadable]],
            defaults: &[],
            advice: |_| "look",
        };
        for (about, on_unreadable) in [(&own, "look"), (&OF_A_TEST, ADVICE_ON_ITS_FILES)] {
            assert_eq!(about.advise(Some(Class::Unreadable)), on_unreadable);
            assert_eq!(about.advise(Some(Class::Local)), ADVICE_ON_THIS_HOST);
            assert_eq!(about.advise(None), "look");
        }
    }
}
