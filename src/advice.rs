//! What should the administrator do about it? Texts for each class, from the health set's troubleshooting steps.

use crate::failure::Class;

/// For `check_um_sip_options`.
pub const fn sip_options(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The router answers, but not as fast as it should. Look at CPU, memory and disk of the server and at its event \
             log, and compare with a probe on the server itself to tell the server from the network."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The host is there, but its SIP service does not answer. On the server: Get-Service MSExchangeUMCR, then the \
             Application log for source 'MSExchange Unified Messaging'. If it hangs, Restart-Service MSExchangeUMCR."
        }
        Some(Class::Refused) => {
            "Nothing listens on that port. On the server: Get-Service MSExchangeUMCR; is it started, and is its startup \
             mode (Get-UMCallRouterSettings: UMStartupMode) the one for this port: TCP 5060, TLS 5061, Dual both? Is the \
             server in maintenance (Get-ServerComponentState -Component UMCallRouter)? Then it listens on loopback only."
        }
        Some(Class::Unreachable) => {
            "There is no way from here to that address. Check routing, VPN and firewall, and whether the host is up."
        }
        Some(Class::Dns) => {
            "The name has no address here. Check the spelling of -H and the resolver of the host that runs this check \
             (getent hosts NAME, or nslookup NAME; with --srv nslookup -type=SRV _sip._tcp.NAME)."
        }
        Some(Class::Tls) => {
            "TCP works, TLS does not. Is this the TLS port (5061), and does the startup mode (Get-UMCallRouterSettings: \
             UMStartupMode) load a certificate at all? The reason says what each side offered."
        }
        Some(Class::ClientCertificateRequired) => {
            "The router is up and wants mutual TLS. Give the check a certificate that the router trusts: \
             --client-certificate and --client-key."
        }
        Some(Class::Untrusted | Class::NameMismatch) => {
            "The server shows a certificate that this check has no reason to trust, or one for another name. If it is the \
             right one: --ca-file with its issuer, --fingerprint for a self-signed one, --tls-name for the name in it. If \
             not: Get-UMCallRouterSettings shows which one the router uses (UMCertificateThumbprint)."
        }
        Some(Class::Expired | Class::NotYetValid | Class::Weak | Class::ObsoleteTls) => {
            "Renew the certificate: New-ExchangeCertificate, Enable-ExchangeCertificate -Services UMCallRouter, then \
             Restart-Service MSExchangeUMCR."
        }
        Some(Class::Protocol) => {
            "Something else answers on that port, or something in between changes the messages. Check -p and --transport, \
             and look at the answer with -vvv."
        }
        Some(Class::Authentication) => {
            "The server wants other credentials. A digest: check --username and where its password comes from. A client \
             certificate: the server must trust its issuer, and it must be within its dates."
        }
        Some(Class::Permission) => {
            "This host does not let the check send. Check the local firewall and the rights of the user that runs it."
        }
        Some(Class::Unreadable) => "Check path, content and rights of the file that the reason names.",
        Some(_) => {
            "The service runs but cannot do its work. On the server: Get-ServerHealth -Identity SERVER -HealthSet \
             UM.CallRouter, the Application log for source 'MSExchange Unified Messaging', then, in this order, appcmd \
             recycle apppool /apppool.name:MSExchangeServicesAppPool and Restart-Service MSExchangeUMCR."
        }
    }
}

/// For `check_um_health_set`.
pub const fn health_set(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "See whether it still is so: Get-ServerHealth -Identity SERVER -HealthSet UM.CallRouter. Run the probe again: \
             Invoke-MonitoringProbe UM.CallRouter\\UMCallRouterTestProbe -Server SERVER (with the -ItemTargetExtension or -PropertyOverride that \
             it asks for), or check_um_sip_options from here. If it fails: Get-Service MSExchangeUMCR, appcmd recycle \
             apppool /apppool.name:MSExchangeServicesAppPool, Restart-Service MSExchangeUMCR, in this order."
        }
        Some(Class::Disabled) => {
            "An override switched the monitor off. Get-ServerMonitoringOverride -Server SERVER and \
             Get-GlobalMonitoringOverride show which, and until when. If it is meant to be: --ignore MONITOR, or --state \
             disabled=ok."
        }
        Some(Class::NoData) => {
            "Look whether the health set is there: Get-HealthReport -Identity SERVER in the Exchange Management Shell; only \
             Exchange 2013 and 2016 have it. Export it as ConvertTo-Json @(Get-ServerHealth -Identity SERVER). On the server \
             itself the log is there while MSExchangeHM runs: wevtutil gl Microsoft-Exchange-ManagedAvailability/Monitoring."
        }
        Some(Class::Stale) => {
            "Whatever exports Get-ServerHealth no longer runs. On the server: Get-ScheduledTask, its last result, and \
             whether Get-ServerHealth works by hand (service MSExchangeHM)."
        }
        Some(Class::Timeout) => {
            "The log of the host named, or the program that writes to standard input, does not answer. Try it by hand: \
             wevtutil gli Microsoft-Exchange-ManagedAvailability/Monitoring /r:HOST."
        }
        Some(Class::Permission) => {
            "Give the user that runs this check the right to read the file; for the log of Managed Availability that is the \
             group Event Log Readers."
        }
        Some(_) => {
            "Export again, as ConvertTo-Json or Export-Csv writes it: Format-Table cuts what it prints. Write to another \
             name and rename, so that no half-written file is read."
        }
    }
}

/// For `check_um_events`.
pub const fn events(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "Read the newest text above. 1647: rejected calls; if its code is 15647, test the directory (check_um_ad_ds), \
             else look whether the caller is a UM IP gateway with a hunt group (Get-UMIPGateway, Get-UMHuntGroup). 1638: the \
             Mailbox server that should take missed-call notifications does not answer. 1643: renew the certificate. 1649: \
             a gateway, or a probe without a client certificate, broke off TLS. 1651: OPTIONS were rejected."
        }
        Some(Class::NoData) => {
            "Try it by hand: wevtutil gli Application, with /r:HOST for another host. Export on the server: wevtutil qe Application /f:xml /e:Events \"/q:*[System[Provider[@Name='MSExchange Unified \
             Messaging'] and TimeCreated[timediff(@SystemTime) <= 3600000]]]\". With /e:Events an empty result has a root \
             element, and a query that failed has none."
        }
        Some(Class::Stale) => {
            "Whatever exports the event log no longer runs. On the server: Get-ScheduledTask, its last result."
        }
        Some(Class::Timeout) => {
            "The log of the host named, or the program that writes to standard input, does not answer. Try it by hand: \
             wevtutil gli Application /r:HOST."
        }
        Some(Class::Permission) => {
            "Give the user that runs this check the right to read the file; for an event log that is the group Event Log \
             Readers."
        }
        Some(_) => {
            "Export again as XML: wevtutil qe Application /f:xml /e:Events, or foreach ($e in Get-WinEvent Application) {$e.ToXml()}."
        }
    }
}

/// For `check_um_ad_ds`.
pub const fn ad_ds(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The directory answers slowly, and the router looks up every call in it. On the controller: CPU, disk and the \
             counters of NTDS (LDAP Searches/sec, LDAP Client Sessions). On the Exchange server: which controller does it \
             use (Get-ExchangeServer -Status: CurrentDomainControllers), and is that one near (nltest /dsgetsite)?"
        }
        Some(Class::Status) => {
            "The controller runs and does not do its work. On it: dcdiag /q, repadmin /replsummary, repadmin /showrepl. Not \
             synchronized: its first replication after promotion or restore has not ended. Not a ready global catalog: the \
             partial partitions are still being replicated (event 1119 in Directory Service says when they are there)."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The host is there, its directory service does not answer. On the controller: Get-Service NTDS, the log Directory \
             Service, dcdiag /q."
        }
        Some(Class::Refused) => {
            "No directory service listens on that port. On the controller: Get-Service NTDS. 3268 and 3269 are there on a \
             global catalog only, 636 and 3269 with a certificate only."
        }
        Some(Class::Unreachable) => {
            "There is no way from here to that controller. Check routing, VPN and firewall, and whether the host is up. A \
             controller that is gone for good must also go from DNS: ntdsutil, metadata cleanup."
        }
        Some(Class::Dns) => {
            "Look it up by hand: nslookup -type=SRV _ldap._tcp.dc._msdcs.DOMAIN. Controllers register these names \
             themselves: nltest /dsregdns, or Restart-Service Netlogon, on the controller."
        }
        Some(Class::Protocol) => {
            "Something answers there, but not as Active Directory does. Check -H, -p and --tls; the reason names what is \
             missing."
        }
        Some(Class::Authentication) => {
            "The directory does not let an anonymous client read its rootDSE, which Active Directory always does: is it one?"
        }
        Some(Class::Tls | Class::ClientCertificateRequired) => {
            "TCP works, TLS does not. A controller offers LDAPS only with a certificate for Server Authentication in its \
             store. The reason says what each side offered."
        }
        Some(Class::Untrusted | Class::NameMismatch) => {
            "The controller shows a certificate that this check has no reason to trust, or one for another name: --ca-file \
             with the enterprise CA's certificate, --tls-name with the name in it."
        }
        Some(Class::Expired | Class::NotYetValid | Class::Weak | Class::ObsoleteTls) => {
            "Renew the controller's certificate (certlm.msc, or autoenrollment: certutil -pulse); NTDS takes it up by itself."
        }
        Some(Class::Permission) => {
            "This host does not let the check send. Check the local firewall and the rights of the user that runs it."
        }
        Some(_) => "Check path, content and rights of the file that the reason names.",
    }
}

/// For `check_um_reject_rate`.
pub const fn reject_rate(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "Ask the router why: Get-WinEvent -FilterHashtable @{LogName='Application'; Id=1647} -MaxEvents 20, or \
             check_um_events for a count of the diagnostic codes. Calls from an address that is no UM IP gateway are \
             rejected: compare Get-UMIPGateway and Get-UMHuntGroup with what the PBX or session border controller sends. \
             If the texts do not tell: Set-EventLogLevel 'MSExchange Unified Messaging\\UMCallRouter' -Level Expert, and \
             back to Lowest afterwards."
        }
        Some(Class::Unreadable) => {
            "Give --state-file a file of its own, in a directory that only the user of this check can write to. What \
             stands there now is not touched."
        }
        Some(class) => counters(class),
    }
}

/// For `check_um_missed_call_proxy`.
pub const fn missed_call_proxy(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The router hands missed-call notifications to a Mailbox server. Events 1638 name the server and the error: \
             Get-WinEvent -FilterHashtable @{LogName='Application'; Id=1638} -MaxEvents 20. Then, on that server, \
             Test-ServiceHealth and Get-ServerHealth -HealthSet UM.Protocol, and from here Test-NetConnection to its \
             ports 5062 and 5063."
        }
        Some(Class::Unreadable | Class::Permission) => {
            "Check path, content and rights of the file that the reason names. A state file must be this check's own, in \
             a directory that only its user can write to."
        }
        Some(class) => counters(class),
    }
}

/// For `check_um_service`.
pub const fn service(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The service is on its way from one state to another. If it stays there: the System log, source Service Control \
             Manager, events 7009, 7011 and 7022; its process in Get-Process Microsoft.Exchange.UM.CallRouter; then \
             Restart-Service MSExchangeUMCR -Force."
        }
        Some(Class::Stopped) => {
            "Start it: Start-Service MSExchangeUMCR. If it does not stay: the System log, source Service Control Manager, \
             events 7000, 7009, 7031 and 7034; the Application log, source 'MSExchange Unified Messaging'. It needs Active \
             Directory (check_um_ad_ds). Set-Service MSExchangeUMCR -StartupType Automatic, if it is manual."
        }
        Some(Class::Disabled) => {
            "Where UM is used: Set-Service MSExchangeUMCR -StartupType Automatic, then Start-Service MSExchangeUMCR. Where it \
             is not, and after a security mitigation that switches UM off, disabled is right: --state disabled=ok."
        }
        Some(Class::Missing) => {
            "Check --service against Get-Service MSExchange*. MSExchangeUMCR belongs to the Client Access role of Exchange \
             2013 and the Mailbox role of 2016, MSExchangeUM to the Mailbox role; Exchange 2019 has neither. If it should be \
             there, repair the role with the setup of the installed cumulative update."
        }
        Some(Class::Maintenance) => {
            "Get-ServerComponentState -Identity SERVER shows what is out of service. Every requester must take back its own \
             request: Set-ServerComponentState -Identity SERVER -Component UMCallRouter -State Active -Requester \
             Maintenance, and the same for ServerWideOffline where the whole server is meant. HealthApi is Managed \
             Availability itself: Get-ServerHealth -Identity SERVER -HealthSet UM.CallRouter says why."
        }
        Some(Class::Permission) => {
            "From another host the service manager and the registry answer members of Administrators only, unless their \
             security descriptors were changed (sc sdset scmanager; the key SecurePipeServers\\winreg). Run the check on the \
             server itself, or with an account that has the right."
        }
        Some(Class::Timeout | Class::Unreachable | Class::Dns) => {
            "The host's service manager does not answer. From here: Test-NetConnection HOST -Port 445, and -Port 135. The \
             firewall rule is Remote Service Management, the service RpcSs. Without -H this host is asked."
        }
        Some(Class::Unreadable) => {
            "Somebody wrote to the registry by hand. Set-ServerComponentState -Identity SERVER -Component UMCallRouter -State \
             Active -Requester with the name that the reason gives writes it anew."
        }
        Some(_) => {
            "The reason names the call that failed and what Windows says of it. For the registry of another host its service \
             RemoteRegistry must run; --component none leaves the registry out."
        }
    }
}

/// For `check_um_app_pool`.
pub const fn app_pool(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The pool is on its way from one state to another. If it stays there: appcmd list wp, to see its worker \
             processes, then appcmd recycle apppool /apppool.name:MSExchangeServicesAppPool."
        }
        Some(Class::Stopped) => {
            "Start it: appcmd start apppool /apppool.name:MSExchangeServicesAppPool (or Start-WebAppPool). A pool that \
             crashes five times in five minutes is disabled by IIS: look for WAS 5002 and 5011 in the System log."
        }
        Some(Class::Missing) => {
            "Check --pool against appcmd list apppool. If Exchange's own pool is gone, the Client Access role is broken: \
             repair it with the setup of the installed cumulative update."
        }
        Some(class) => counters(class),
    }
}

/// What keeps a check of counters from its answer.
const fn counters(class: Class) -> &'static str {
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

/// For `check_um_cert_expiry`.
pub const fn cert_expiry(class: Option<Class>) -> &'static str {
    match class {
        None | Some(Class::Expired) => {
            "Renew the certificate. On the server: Get-ExchangeCertificate lists them, Get-UMCallRouterSettings names the one in \
             use. New-ExchangeCertificate makes a new self-signed one, with -GenerateRequest the request for an authority's; \
             then Enable-ExchangeCertificate THUMBPRINT -Services UMCallRouter and Restart-Service MSExchangeUMCR. An \
             authority's own certificate is renewed by whoever runs the authority."
        }
        Some(Class::NotYetValid) => {
            "Compare the clocks of this host and of the server (w32tm /query /status). If they agree, the certificate was \
             enabled too early: Enable-ExchangeCertificate with the one before it until then."
        }
        Some(Class::Untrusted) => {
            "Is it the right certificate? Get-UMCallRouterSettings names the one in use (UMCertificateThumbprint). If so, tell \
             this check: --ca-file with its issuer, or --fingerprint for a self-signed one. If the chain has a gap, import the \
             intermediate certificate on the server (certlm.msc, Intermediate Certification Authorities)."
        }
        Some(Class::NameMismatch) => {
            "The certificate is for other names. Give --tls-name if the router is asked by another name than its own; otherwise \
             renew it with New-ExchangeCertificate -DomainName and every name that peers use."
        }
        Some(Class::Weak) => {
            "Renew the certificate with New-ExchangeCertificate -KeySize 2048 from an authority that signs with SHA-256, then \
             Enable-ExchangeCertificate -Services UMCallRouter and Restart-Service MSExchangeUMCR."
        }
        Some(Class::ObsoleteTls) => {
            "The server did not agree on TLS 1.2. On Windows Server 2008 R2 to 2012 R2 it is switched on under \
             HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols; Exchange needs the .NET settings too."
        }
        Some(Class::ClientCertificateRequired | Class::Authentication) => {
            "The router wants mutual TLS. The dates are read all the same; to leave no event 1649 in its log give the check a \
             certificate that the router trusts: --client-certificate and --client-key."
        }
        Some(Class::Missing) => {
            "Is it the right store and the right certificate? Get-ChildItem Cert:\\LocalMachine\\My lists what is there, \
             Get-UMCallRouterSettings names the one in use (UMCertificateThumbprint). If that is gone the router does not \
             start with TLS: import it, or Enable-ExchangeCertificate another one."
        }
        Some(Class::NoData) => {
            "Is it the right store? Get-ChildItem Cert:\\LocalMachine\\My lists what is there. CurrentUser is that of the user who \
             runs the check: under an agent that is another one than yours."
        }
        Some(Class::Unreadable) => {
            "Check path, format, passphrase and rights of the file or store that the reason names."
        }
        Some(Class::Tls | Class::Closed | Class::Timeout) => {
            "No certificate came. Is this the TLS port (5061), and does the startup mode (Get-UMCallRouterSettings: \
             UMStartupMode) load a certificate at all, which takes TLS or Dual? The reason says what each side offered."
        }
        Some(_) => sip_options(class),
    }
}
