//! What should an administrator do about a certificate, or about none? On Exchange's Call Router, at its other doors, and anywhere else.

use super::shared_advice;
use crate::report::Class;

/// Where the certificate is known to be that of Exchange's Call Router.
pub(super) const fn on_exchange(class: Option<Class>) -> &'static str {
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
        Some(Class::Tls | Class::Closed | Class::Timeout) => {
            "Is this the TLS port (5061), and does the startup mode (Get-UMCallRouterSettings: UMStartupMode) load a certificate \
             at all, which takes TLS or Dual? The reason says what each side offered, or what is wrong with what was shown."
        }
        Some(Class::Refused) => shared_advice::on_connection(Class::Refused),
        Some(_) => on_any_server(class),
    }
}

/// Where it is known to be that of Exchange's SMTP, IMAP, POP3 or of its directory.
pub(super) const fn on_exchange_by_starttls(class: Option<Class>) -> &'static str {
    match class {
        None | Some(Class::Expired | Class::Weak) => {
            "Renew the certificate. On the server: Get-ExchangeCertificate lists them with the services that use each. \
             New-ExchangeCertificate makes a new self-signed one, with -GenerateRequest the request for an authority's; then \
             Enable-ExchangeCertificate THUMBPRINT -Services SMTP (or IMAP, POP), and restart MSExchangeTransport, \
             MSExchangeFrontEndTransport, MSExchangeIMAP4 or MSExchangePOP3. A domain controller takes the newest of its store."
        }
        Some(Class::Refused) => {
            "Nothing listens on that port. On the server: Get-Service MSExchangeFrontEndTransport, MSExchangeIMAP4, \
             MSExchangePOP3; the last two do not start by themselves. Is -p the port of that protocol?"
        }
        Some(Class::Tls | Class::Closed | Class::Timeout) => {
            "Is -p the port at which the server speaks the protocol of --starttls, and does it offer TLS there? On the server: \
             Get-ReceiveConnector (AuthMechanism: Tls), Get-ImapSettings and Get-PopSettings (LoginType, X509CertificateName)."
        }
        Some(_) => on_any_server(class),
    }
}

/// Where nobody knows what it is that uses the certificate.
pub(super) const fn on_any_server(class: Option<Class>) -> &'static str {
    match class {
        None | Some(Class::Expired) => {
            "Renew the certificate, and make the service that uses it load the new one: many read it at their start only. An \
             authority's own certificate is renewed by whoever runs the authority; install its new one beside the leaf."
        }
        Some(Class::NotYetValid) => {
            "Compare the clocks of this host and of the server. If they agree, the certificate was installed too early: use the \
             one before it until then."
        }
        Some(Class::Untrusted) => {
            "Is it the right certificate? If so, tell this check: --ca-file with its issuer, or --fingerprint for a self-signed \
             one. If the chain has a gap, add the intermediate certificate to those that the server shows."
        }
        Some(Class::Unverifiable) => {
            "The dates are right, but whether an authority has signed the certificate cannot be said here. Compare the \
             fingerprint with the server's own and give it with --fingerprint, or let the authority sign with ECDSA on P-256 or \
             P-384, or RSA."
        }
        Some(Class::Anchor) => {
            "The server's chain has come to another root. Do its peers trust that one already? If so, give its fingerprint with \
             --expect-anchor too; if not, install the former chain until they do."
        }
        Some(Class::NameMismatch) => {
            "The certificate is for other names. Give --tls-name if the server is asked by another name than its own; otherwise \
             renew it with every name that its peers use as a subject alternative name."
        }
        Some(Class::Weak) => {
            "Renew the certificate with an RSA key of 2048 bits or more, or an EC key on P-256, from an authority that signs with \
             SHA-256."
        }
        Some(Class::ObsoleteTls) => "The server did not agree on TLS 1.2. Allow it, or TLS 1.3, on the server.",
        Some(Class::ClientCertificateRequired | Class::Authentication) => {
            "The server wants mutual TLS. The dates are read all the same; to leave no failed handshakes in its log give the \
             check a certificate that the server trusts: --client-certificate and --client-key."
        }
        Some(Class::Missing) => {
            "Is it the right store and the right certificate? Get-ChildItem Cert:\\LocalMachine\\My lists what is there. A service \
             whose certificate is gone does not start with TLS: import it, or give the service another one."
        }
        Some(Class::NoData) => {
            "Is it the right store? Get-ChildItem Cert:\\LocalMachine\\My lists what is there. CurrentUser is that of the user who \
             runs the check: under an agent that is another one than yours."
        }
        Some(Class::Unreadable) => {
            "Check path, format, passphrase and rights of the file or store that the reason names."
        }
        Some(Class::Tls | Class::Closed | Class::Timeout) => {
            "Is this the server's port for TLS (-p, SIP's is 5061)? A port for another protocol that comes to TLS later wants \
             --starttls. The reason says what each side offered, or what is wrong with what was shown."
        }
        Some(Class::Refused) => {
            "Nothing listens on that port, or a firewall rejects. Does the service run, and does it listen on this address and \
             this port (-p)?"
        }
        Some(class) => shared_advice::on_connection(class),
    }
}

/// The same of files, which no server is asked for.
pub(super) const fn on_files(class: Option<Class>) -> &'static str {
    match class {
        Some(Class::Timeout) => {
            "To read the file takes longer than -t allows. Is it on a share that does not answer, or encrypted under a passphrase \
             with a great many iterations? Then allow more with -t."
        }
        class => on_any_server(class),
    }
}

/// The same, where TLS begins after a talk in the clear.
pub(super) const fn on_any_server_by_starttls(class: Option<Class>) -> &'static str {
    match class {
        Some(Class::Tls | Class::Closed | Class::Timeout) => {
            "Is -p the port at which the server speaks the protocol of --starttls in the clear, and does it offer TLS there? A \
             port where TLS comes first (465, 993, 995, 636) wants no --starttls. The reason says what the server said."
        }
        class => on_any_server(class),
    }
}
