//! What does Icinga 2 itself say? Its REST API, over TLS, verified by the authority of the node.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// The API of one node.
pub struct Api {
    port: u16,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Api {
    /// The node `name` on a loopback port, whose certificate is of this authority (PEM).
    pub fn new(port: u16, name: &'static str, authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        Self { port, name: ServerName::try_from(name).unwrap(), config }
    }

    /// One request; the answer unless its status is an error.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Value> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let connection =
            ClientConnection::new(Arc::clone(&self.config), self.name.clone()).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        let body = body.map(Value::to_string).unwrap_or_default();
        // root:x
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Basic cm9vdDp4\r\n\
             Accept: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        // A peer that ends the connection without a word of farewell has still answered.
        if let Err(error) = stream.read_to_end(&mut answer)
            && error.kind() != io::ErrorKind::UnexpectedEof
        {
            return Err(error);
        }
        let answer = String::from_utf8(answer).map_err(io::Error::other)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        if !head.contains(" 200 ") {
            return Err(io::Error::other(answer));
        }
        serde_json::from_str(body).map_err(io::Error::other)
    }
}
