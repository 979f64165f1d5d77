//! What should an administrator do about a SIP server's answer, or about none? Of Exchange's Call Router, and of any other.

use super::shared_advice;
use crate::report::Class;

/// Where the peer is known to be Exchange.
pub(super) const fn on_exchange(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The router answers, but not as fast as it should. Look at CPU, memory and disk of the server and at its event \
             log, and compare with a probe on the server itself to tell the server from the network."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The host is there, but its SIP service does not answer. On the server: Get-Service MSExchangeUMCR, then the \
             Application log for source 'MSExchange Unified Messaging'. If it hangs, Restart-Service MSExchangeUMCR."
        }
        Some(Class::Tls) => {
            "TCP works, TLS does not. Is this the TLS port (5061), and does the startup mode (Get-UMCallRouterSettings: \
             UMStartupMode) load a certificate at all? The reason says what each side offered."
        }
        Some(Class::ClientCertificateRequired) => {
            "The router is up and wants mutual TLS. Give the check a certificate that the router trusts: \
             --client-certificate and --client-key."
        }
        Some(Class::Untrusted | Class::Unverifiable | Class::NameMismatch) => {
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
        Some(Class::Unreadable) => "Check path, content and rights of the file that the reason names.",
        Some(class @ (Class::Refused | Class::Unreachable | Class::Dns | Class::Permission)) => {
            shared_advice::on_connection(class)
        }
        Some(_) => {
            "The service runs but cannot do its work. On the server: Get-ServerHealth -Identity SERVER -HealthSet \
             UM.CallRouter, the Application log for source 'MSExchange Unified Messaging', then, in this order, appcmd \
             recycle apppool /apppool.name:MSExchangeServicesAppPool and Restart-Service MSExchangeUMCR."
        }
    }
}

/// Where nothing says so.
pub(super) const fn on_any_server(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "The server answers, but not as fast as it should. Look at its load and at its log, and compare with a probe on the \
             server itself to tell the server from the network."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The host is there, but its SIP service does not answer. Does it run, does it know this host (access lists, trunks, \
             fail2ban), and is --transport the one that it speaks? Its log says whether the request arrived."
        }
        Some(Class::Refused) => {
            "Nothing listens on that port, or a firewall rejects. Does the SIP service run, and does it listen on this address, \
             this port (-p) and this transport (--transport)?"
        }
        Some(Class::Tls) => {
            "TCP works, TLS does not. Is this the port for TLS (5061)? One for plain SIP wants --transport tcp. The reason says \
             what each side offered."
        }
        Some(Class::ClientCertificateRequired) => {
            "The server is up and wants mutual TLS. Give the check a certificate that the server trusts: --client-certificate \
             and --client-key."
        }
        Some(Class::Untrusted | Class::Unverifiable | Class::NameMismatch) => {
            "The server shows a certificate that this check has no reason to trust, or one for another name. If it is the right \
             one: --ca-file with its issuer, --fingerprint for a self-signed one, --tls-name for the name in it."
        }
        Some(Class::Expired | Class::NotYetValid | Class::Weak) => {
            "Renew the certificate of the server, and make its SIP service load the new one."
        }
        Some(Class::ObsoleteTls) => "Allow TLS 1.2 or 1.3 on the server.",
        Some(Class::Protocol) => {
            "Something else answers on that port, or something in between changes the messages. A port for TLS wants --transport \
             tls, one for plain SIP --transport tcp or udp. Check -p, and look at the answer with -vvv."
        }
        Some(Class::Status) => {
            "The server refuses OPTIONS. 404, 484: does it know whom -u asks for? 403, 405: does it let this host ask at all? \
             Where the answer is its usual one: --expect with its code. 5xx: its own log says what fails."
        }
        Some(Class::Authentication) => {
            "The server wants other credentials. A digest: check --username and where its password comes from. A client \
             certificate: the server must trust its issuer, and it must be within its dates."
        }
        Some(Class::Unreadable) => "Check path, content and rights of the file that the reason names.",
        Some(class) => shared_advice::on_connection(class),
    }
}
