//! How does OpenSSL speak old TLS? With every cipher suite, at no security level.

use std::io;
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{Error, ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::ended::Ended;
use crate::tls::connection::Duplex;
use crate::tls::identity::ClientIdentity;
use crate::tls::settings::TlsSettings;
use crate::tls::tap::Tap;

/// Why a client certificate cannot be shown: it always can.
pub(super) const fn withheld(_: &ClientIdentity) -> Option<&'static str> {
    None
}

/// The handshake over `tap`, to its end.
pub(super) async fn handshake(tap: Tap<TcpStream>, settings: &TlsSettings) -> Result<Box<dyn Duplex>, Ended> {
    let unprepared = |error: ErrorStack| Ended::Unprepared(error.to_string());
    let mut stream = session(settings).and_then(|session| SslStream::new(session, tap)).map_err(unprepared)?;
    match Pin::new(&mut stream).connect().await {
        Ok(()) => Ok(Box::new(stream)),
        Err(error) => Err(ended(&error)),
    }
}

/// A session that takes whatever the server has: the point is to watch it, not to trust it with anything.
fn session(settings: &TlsSettings) -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_security_level(0);
    context.set_min_proto_version(Some(SslVersion::TLS1))?;
    // Beyond 1.2 the certificates are no longer in the clear, and the modern backend speaks it better.
    context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list("ALL:!aNULL:!eNULL:@SECLEVEL=0")?;
    // SSL_OP_LEGACY_SERVER_CONNECT, which the bindings do not name: RFC 5746 is from 2010, an unpatched Windows Server 2008
    // does not know it.
    context.set_options(SslOptions::from_bits_retain(0x4) | SslOptions::NO_TICKET);
    context.set_verify(SslVerifyMode::NONE);
    if let Some(identity) = &settings.identity {
        let mut chain = identity.chain.iter().map(|der| X509::from_der(der));
        if let Some(leaf) = chain.next().transpose()? {
            context.set_certificate(&leaf)?;
        }
        chain.try_for_each(|issuer| context.add_extra_chain_cert(issuer?))?;
        let key = PKey::private_key_from_der(identity.private_key.secret_der())?;
        context.set_private_key(&key)?;
    }
    let mut session = Ssl::new(&context.build())?;
    if let Some(name) = settings.server_name() {
        session.set_hostname(name)?;
    }
    Ok(session)
}

fn ended(error: &Error) -> Ended {
    match error.io_error() {
        Some(error) => Ended::HungUp(error.kind().into()),
        None if matches!(error.code(), ErrorCode::ZERO_RETURN | ErrorCode::SYSCALL) => {
            Ended::HungUp(io::ErrorKind::UnexpectedEof.into())
        }
        None => Ended::Broken(error.to_string()),
    }
}
