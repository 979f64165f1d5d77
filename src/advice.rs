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
             (getent hosts NAME, or nslookup NAME)."
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
            "The server wants other credentials. Check --username and where its password comes from."
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
