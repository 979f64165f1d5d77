//! What do several checks advise in the same words? On connections that fail, and on counters that are not there.

use crate::report::Class;

/// What keeps a check from the server that it asks.
pub(super) const fn on_connection(class: Class) -> &'static str {
    match class {
        Class::Refused => {
            "Nothing listens on that port. On the server: Get-Service MSExchangeUMCR; is it started, and is its startup \
             mode (Get-UMCallRouterSettings: UMStartupMode) the one for this port: TCP 5060, TLS 5061, Dual both? Is the \
             server in maintenance (Get-ServerComponentState -Component UMCallRouter)? Then it listens on loopback only."
        }
        Class::Unreachable => {
            "There is no way from here to that address. Check routing, VPN and firewall, and whether the host is up."
        }
        Class::Dns => {
            "The name has no address here. Check the spelling of -H and the resolver of the host that runs this check \
             (getent hosts NAME, or nslookup NAME; with --srv nslookup -type=SRV _sip._tcp.NAME)."
        }
        Class::Permission => {
            "This host does not let the check send. Check the local firewall and the rights of the user that runs it."
        }
        _ => "",
    }
}

/// What keeps a check of counters from its answer.
pub(super) const fn on_counters(class: Class) -> &'static str {
    match class {
        Class::Timeout | Class::Dns => {
            "The source did not answer in time. Check the host and the port of --counters from here, and what windows_exporter \
             takes for a scrape (windows_exporter_collector_duration_seconds)."
        }
        Class::Stale => {
            "Whatever writes the counters has stopped, or the clocks differ. Check the task or data collector set (logman \
             query), w32tm /query /status on the server, and the log's time zone (--time-zone)."
        }
        Class::FewCalls => "Nothing to do: the share of so few calls says nothing.",
        _ => {
            "Check what the source holds: typeperf -qx \"\\MSExchangeUMCallRouterAvailability\" on the server lists its \
             counters, and Get-Service MSExchangeUMCR must be running for them to be there. windows_exporter needs its \
             performancecounter collector, or iis for pools, and --counter-name where the names are others. From another \
             Windows host the account needs the group Performance Monitor Users, and the service RemoteRegistry must run."
        }
    }
}

/// What keeps a check of events from its answer.
pub(super) const fn on_event_exports(class: Class) -> &'static str {
    match class {
        Class::NoData => {
            "Try it by hand: wevtutil gli Application, with /r:HOST for another host. Export on the server: wevtutil qe Application /f:xml /e:Events \"/q:*[System[Provider[@Name='MSExchange Unified \
             Messaging'] and TimeCreated[timediff(@SystemTime) <= 3600000]]]\". With /e:Events an empty result has a root \
             element, and a query that failed has none. With -H, only the records of that computer count."
        }
        Class::Stale => {
            "Whatever exports the event log no longer runs. On the server: Get-ScheduledTask, its last result."
        }
        Class::Timeout => {
            "The log of the host named, or the program that writes to standard input, does not answer. Try it by hand: \
             wevtutil gli Application /r:HOST."
        }
        Class::Permission => {
            "Give the user that runs this check the right to read the file; for an event log that is the group Event Log \
             Readers."
        }
        Class::FewCalls => "Nothing to do: the share of so few notifications says nothing.",
        _ => {
            "Export again as XML: wevtutil qe Application /f:xml /e:Events, or foreach ($e in Get-WinEvent Application) \
             {$e.ToXml()}. Write to another name and rename, so that no half-written file is read."
        }
    }
}
