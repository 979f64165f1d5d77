//! How does a scheduler run a check? From where, how often and how patiently, and what it gets to measure.
//!
//! All schedulers' files are made from this. Managed Availability's own probe runs every 2 minutes with a time limit of 5
//! seconds, and its monitor turns after 4 failures in a row: so does the service that puts its question.

use crate::options::Options;
use crate::report::{About, Class};

/// What the schedulers' files are made from. No plugin refers to it.
pub trait Scheduled: Options {
    /// Each way in which the health set runs the check.
    const SERVICES: &'static [ScheduledService];

    /// What to do about a finding where a SIP server is asked that is no Call Router: `--peer generic`.
    const ON_ANY_SERVER: fn(Option<Class>) -> &'static str = Self::ABOUT.advice;
}

/// A check as one service of a scheduler.
#[derive(Clone, Copy, Debug)]
pub struct ScheduledService {
    /// The scheduler's name for it, in kebab-case.
    pub name: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// The alert of the health set that it stands for, as Exchange words it; empty where the health set has none.
    pub alert: &'static str,
    /// The plugin that it runs.
    pub plugin: &'static str,
    /// Where it is run.
    pub vantage: Vantage,
    /// Whom it asks where it is run elsewhere.
    pub elsewhere: Elsewhere,
    /// Minutes from one run to the next.
    pub interval: u32,
    /// Minutes from a failed run to the next, until the state is hard.
    pub retry: u32,
    /// Runs in a row that must fail before anybody is told.
    pub attempts: u32,
    /// The plugin's own deadline in seconds: below the agent's, which is below the scheduler's.
    pub timeout: u32,
    /// Long options with their values, beside the target's.
    pub arguments: &'static [(&'static str, &'static str)],
    /// Thresholds that the files suggest where the plugin only measures unless it is told.
    pub suggested: &'static [(&'static str, &'static str)],
    /// Options that an administrator wants to set for a host, beside port and thresholds.
    pub settings: &'static [Setting],
    /// The service without which this one's alert says nothing new.
    pub depends_on: Option<&'static str>,
    /// What it measures, in the order of importance. Of what is measured as often as it is found, such as
    /// `chain_1_days_left` of each further certificate, only what is always there is named.
    pub metrics: &'static [Measured],
    /// The labels of those that only some answers have, such as the time to ringing.
    pub occasional: &'static [&'static str],
    /// What belongs into one picture.
    pub graphs: &'static [Graph],
}

impl ScheduledService {
    /// A service of this plugin as most are; its name, its title and what it measures are its own to say.
    pub const fn usual(about: &About) -> Self {
        Self {
            name: "",
            title: "",
            alert: "",
            plugin: about.name,
            vantage: Vantage::Agent,
            elsewhere: Elsewhere::Same,
            interval: 5,
            retry: 5,
            attempts: 2,
            timeout: 10,
            arguments: &[],
            suggested: &[],
            settings: &[],
            depends_on: None,
            metrics: &[],
            occasional: &[],
            graphs: &[],
        }
    }
}

/// From where a question can be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// From any host that reaches the router.
    Network,
    /// The same, where the router speaks TLS: its default startup mode does not.
    Tls,
    /// From a host that may call, where somebody said whom: a Call Router counts the call of anybody but a UM IP gateway as
    /// rejected.
    Call,
    /// On the Exchange server itself, by an agent.
    Agent,
    /// From any host that reaches a domain controller.
    Directory,
    /// From any host that reaches the router, in place of all others, where a site wants one service and not ten.
    Whole,
}

impl Vantage {
    /// The port of whom it asks, which on the server itself is nobody's.
    pub const fn port(self) -> Option<u16> {
        match self {
            Self::Network | Self::Call => Some(5060),
            Self::Tls => Some(5061),
            Self::Directory => Some(389),
            Self::Agent | Self::Whole => None,
        }
    }
}

/// Where an answer comes from if the check is not run on the server that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// From where it comes on the server, too.
    Same,
    /// From counters that an exporter offers: `--counters`.
    Counters,
    /// From a file that the server sends: `--file`.
    Export {
        /// Its name.
        file: &'static str,
        /// What is in it, in Markdown.
        holds: &'static str,
        /// How old it may be: it is sent every 5 minutes, and may come late or fail to come twice.
        max_age: &'static str,
    },
    /// From an exporter's own list of services: `--source`.
    Exporter,
}

/// An option that an administrator wants to set, which has a default, or a value in `arguments` or `suggested`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// For all services of a host that have it.
    Shared(&'static str),
    /// For this service.
    Own(&'static str),
}

/// One metric of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Its label in perfdata, JSON and property bag.
    pub label: &'static str,
    /// What a person reads.
    pub title: &'static str,
    /// What it is counted in.
    pub unit: DisplayUnit,
}

/// What a metric is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplayUnit {
    /// Seconds.
    Seconds,
    /// Days: a plain number to the plugins, because perfdata has no such unit.
    Days,
    /// Per cent.
    Percent,
    /// Pieces.
    Count,
    /// A number that stands for a word.
    Code(Words),
}

/// The words that numbers stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// What they are about.
    pub title: &'static str,
    /// The number of the first one.
    pub first: u8,
    /// The words in the order of their numbers.
    pub words: &'static [&'static str],
}

/// A picture of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graph {
    /// What a person reads behind the title of the service.
    pub title: &'static str,
    /// The labels of the metrics that are drawn.
    pub labels: &'static [&'static str],
}

/// A metric by its label, title and unit.
pub const fn metric(label: &'static str, title: &'static str, unit: DisplayUnit) -> Measured {
    Measured { label, title, unit }
}

/// A picture by its title and the labels of what is drawn.
pub const fn graph(title: &'static str, labels: &'static [&'static str]) -> Graph {
    Graph { title, labels }
}

/// The argument that says that the peer is Exchange: a server that does not answer does not say what it is.
pub const EXCHANGE: (&str, &str) = ("--peer", "exchange");
