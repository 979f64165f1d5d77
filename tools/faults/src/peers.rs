//! Who is asked that no scene has? Each on a free port of 127.0.0.1, until the process ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, io, thread};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The files of the tests.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// windows_exporter with totals that rise by 100 and 10.
pub fn exporter() -> io::Result<SocketAddr> {
    let page = fs::read_to_string(fixtures().join("counters/windows_exporter-0.31.prom"))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let scrapes = AtomicU64::new(0);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let scrape = scrapes.fetch_add(1, Ordering::Relaxed);
            let page = page.replace("@RECEIVED@", &(600 + 100 * scrape).to_string());
            let page = page.replace("@REJECTED@", &(60 + 10 * scrape).to_string());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
            thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all((head + &page).as_bytes()));
            });
        }
    });
    Ok(address)
}

/// A SIP server that answers 200 to whoever shows credentials, and 401 to all others.
pub fn guarded() -> io::Result<u16> {
    serve(|stream| {
        let mut reader = BufReader::new(stream);
        loop {
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n") {
                if reader.read_line(&mut request)? == 0 {
                    return Ok(());
                }
            }
            let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let copied = request.split_inclusive('\n').filter(|line| copied.iter().any(|name| line.starts_with(name)));
            let copied: String = copied.collect();
            let answer = match request.contains("\r\nAuthorization: Digest ") {
                true => format!("SIP/2.0 200 OK\r\n{copied}"),
                false => format!(
                    "SIP/2.0 401 Unauthorized\r\n{copied}WWW-Authenticate: Digest realm=\"um\", nonce=\"n1\", qop=\"auth\"\r\n"
                ),
            };
            reader.get_mut().write_all(format!("{answer}Content-Length: 0\r\n\r\n").as_bytes())?;
        }
    })
}

/// A mail server with STARTTLS; the TLS is that of the port `behind`.
pub fn mail(behind: u16) -> io::Result<u16> {
    serve(move |mut stream| {
        stream.write_all(b"220 mail.example.com ESMTP\r\n")?;
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let mut command = String::new();
            if reader.read_line(&mut command)? == 0 {
                return Ok(());
            }
            if command.trim_end().eq_ignore_ascii_case("STARTTLS") {
                break;
            }
            stream.write_all(b"250-mail.example.com\r\n250 STARTTLS\r\n")?;
        }
        stream.write_all(b"220 go ahead\r\n")?;
        let mut server = TcpStream::connect(("127.0.0.1", behind))?;
        let (mut back, mut forth) = (server.try_clone()?, stream.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut back, &mut forth).and_then(|_| forth.shutdown(std::net::Shutdown::Write));
        });
        io::copy(&mut stream, &mut server)?;
        server.shutdown(std::net::Shutdown::Write)
    })
}

/// TLS before the directory at the port `behind`; who issued its certificate goes to the file `authority`.
pub fn ldaps(behind: u16, authority: &Path) -> io::Result<u16> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    fs::write(authority, made.cert.pem())?;
    let chain = vec![made.cert.der().clone()];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, made.signing_key.into());
    let config = Arc::new(config.map_err(io::Error::other)?);
    serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        let mut directory = TcpStream::connect(("127.0.0.1", behind))?;
        let mut piece = [0; 4096];
        // A request, then the whole answer in one piece, until the check has nothing more to ask.
        loop {
            let asked = match stream.read(&mut piece)? {
                0 => return Ok(()),
                length => length,
            };
            directory.write_all(&piece[..asked])?;
            let answered = match directory.read(&mut piece)? {
                0 => return Ok(()),
                length => length,
            };
            stream.write_all(&piece[..answered])?;
        }
    })
}

/// A peer for each connection, as long as it likes. Who hangs up or sends nonsense is its own judge.
fn serve(converse: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let converse = Arc::new(converse);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let converse = Arc::clone(&converse);
            thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                converse(stream)
            });
        }
    });
    Ok(port)
}
