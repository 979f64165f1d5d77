//! What should an administrator do when a call does not get where it should? Of Exchange, and of any other SIP server.

use super::shared_advice;
use crate::report::Class;

/// What the administrator should do about it.
pub(super) const fn advice(class: Option<Class>) -> &'static str {
    match class {
        None => {
            "Calls get through, but not as fast as they should. Compare with check_um_sip_options: if that is fast, the time \
             goes into routing - the directory (check_um_ad_ds), a proxy's database, the callee itself."
        }
        Some(Class::Timeout | Class::Closed) => {
            "The server is there, but gives a call no final response. Does check_um_sip_options still get an answer? Of Exchange: \
             the Application log of source 'MSExchange Unified Messaging', and whether the router finds the directory \
             (check_um_ad_ds). Of others: a callee that only rings wants --until ringing, and -t must be longer than its \
             voice mail takes."
        }
        Some(Class::Status) => {
            "The server does not route this call. 403 of Exchange: only a UM IP gateway may call; make the host that runs this \
             check one (New-UMIPGateway) and give it a hunt group. 404, 484: check -u. 480, 486: the callee is not registered, \
             or busy; name one that answers, or --status. 500 to 504 of Exchange: Get-ServerHealth -HealthSet UM.CallRouter."
        }
        Some(Class::Redirection) => {
            "The call is sent where nobody takes it. Of Exchange: is the UM service of that Mailbox server running \
             (Get-Service MSExchangeUM), on the port of the Contact, and does it speak the same startup mode as the router \
             (Get-UMService: UMStartupMode)? Of others: the location or routing table of the server that redirects."
        }
        Some(Class::Release) => {
            "The call was answered or rang, and could not be ended from here: look for a line that is still busy at the callee. \
             Often its Contact or the Record-Route of a proxy names an address that cannot be reached from this host: -vvv \
             shows them."
        }
        Some(Class::Tls) => {
            "TCP works, TLS does not. Is this the TLS port (5061), and does the server load a certificate at all (of Exchange: \
             Get-UMCallRouterSettings, UMStartupMode)? The reason says what each side offered."
        }
        Some(Class::ClientCertificateRequired) => {
            "The server is up and wants mutual TLS. Give the check a certificate that the server trusts: --client-certificate \
             and --client-key."
        }
        Some(Class::Untrusted | Class::Unverifiable | Class::NameMismatch) => {
            "The server shows a certificate that this check has no reason to trust, or one for another name. If it is the right \
             one: --ca-file with its issuer, --fingerprint for a self-signed one, --tls-name for the name in it."
        }
        Some(Class::Expired | Class::NotYetValid | Class::Weak | Class::ObsoleteTls) => {
            "Renew the certificate of the server, or its TLS settings. Of Exchange: New-ExchangeCertificate, \
             Enable-ExchangeCertificate -Services UMCallRouter, then Restart-Service MSExchangeUMCR."
        }
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
