//! What should an administrator do when a call does not get where it should? Of Exchange, and of any other SIP server.

use super::shared_advice;
use crate::report::Class;

/// Where the peer is known to be Exchange.
pub(super) const fn on_exchange(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "Calls get through, but not as fast as they should. Compare with check_um_sip_options: if that is fast, the time \
             goes into routing - the directory (check_um_ad_ds), the UM service of the Mailbox server, the callee itself."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The server is there, but gives a call no final response, or ended it. Does check_um_sip_options still get an \
             answer? Look at the Application log of source 'MSExchange Unified Messaging', and whether the router finds the \
             directory (check_um_ad_ds)."
        }
        Some(Class::Status) => {
            "The router does not route this call. 403: only a UM IP gateway may call; make the host that runs this check one \
             (New-UMIPGateway) and give it a hunt group. 404: check -u. 500 to 504: Get-ServerHealth -HealthSet UM.CallRouter."
        }
        Some(Class::Redirection) => {
            "The call is sent where nobody takes it. Is the UM service of that Mailbox server running (Get-Service \
             MSExchangeUM), on the port of the Contact, and does it speak the same startup mode as the router (Get-UMService: \
             UMStartupMode)?"
        }
        Some(Class::Tls) => {
            "TCP works, TLS does not. Is this the TLS port (5061), and does the server load a certificate at all \
             (Get-UMCallRouterSettings, Get-UMService: UMStartupMode)? The reason says what each side offered."
        }
        Some(Class::Expired | Class::NotYetValid | Class::Weak | Class::ObsoleteTls) => {
            "Renew the certificate of the server that the finding names: New-ExchangeCertificate, Enable-ExchangeCertificate \
             -Services UMCallRouter (of a Mailbox server UM), then Restart-Service MSExchangeUMCR (MSExchangeUM)."
        }
        Some(Class::Refused) => shared_advice::on_connection(Class::Refused),
        class => on_any_server(class),
    }
}

/// Where nothing says so.
pub(super) const fn on_any_server(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "Calls get through, but not as fast as they should. Compare with check_um_sip_options: if that is fast, the time \
             goes into routing - a proxy's database, the callee itself."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The server is there, but gives a call no final response, or ended it. Does check_um_sip_options still get an \
             answer? A callee that only rings wants --until ringing, and -t must be longer than its voice mail takes."
        }
        Some(Class::Refused) => {
            "Nothing listens on that port, or a firewall rejects. Does the SIP service run, and does it listen on this address, \
             this port (-p) and this transport (--transport)?"
        }
        Some(Class::Status) => {
            "The server does not route this call. 403: may this host call at all? 404, 484: check -u. 480, 486: the callee is \
             not registered, or busy; name one that answers, or --status. 5xx: its own log says what fails."
        }
        Some(Class::Redirection) => {
            "The call is sent where nobody takes it: look at the location or routing table of the server that redirects, and at \
             the server that it names."
        }
        Some(Class::Media) => {
            "The call is answered, and nobody would hear anything. Look at the answer (SDP) with -vvv: a port of 0 refuses the \
             audio, often for want of a common codec - this check offers PCMU and PCMA. A number that answers without audio on \
             purpose wants --state media=ok."
        }
        Some(Class::Release) => {
            "The call was answered or rang, and could not be ended from here: look for a line that is still busy at the callee. \
             Often its Contact or the Record-Route of a proxy names an address that cannot be reached from this host: -vvv \
             shows them."
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
            "Renew the certificate of the server that the finding names, and make its SIP service load the new one."
        }
        Some(Class::ObsoleteTls) => "Allow TLS 1.2 or 1.3 on the server.",
        Some(Class::Protocol) => {
            "Something else answers on that port, or what the server or callee says breaks the standard. Check -p and \
             --transport, and look at the answer with -vvv."
        }
        Some(Class::Authentication) => {
            "The server wants other credentials, or any at all: check --username and where its password comes from. The target \
             of a redirection never gets them."
        }
        Some(Class::Unreadable) => "Check path, content and rights of the file that the reason names.",
        Some(class) => shared_advice::on_connection(class),
    }
}
