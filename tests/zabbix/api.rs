//! What does the front end say? Its JSON-RPC, over HTTP on loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// A session of the front end's API.
pub struct Api {
    port: u16,
    session: Value,
}

impl Api {
    /// Logs in as the user that every new installation has.
    pub fn log_in(port: u16) -> Result<Self, String> {
        let anonymous = Self { port, session: Value::Null };
        let session = anonymous.try_call("user.login", &json!({"username": "Admin", "password": "zabbix"}))?;
        Ok(Self { port, session })
    }

    /// The result of a method; panics with the front end's words if there is none.
    #[track_caller]
    pub fn call(&self, method: &str, parameters: &Value) -> Value {
        self.try_call(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&self, method: &str, parameters: &Value) -> Result<Value, String> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters, "auth": self.session})
            .to_string();
        let answer = self.post(&request).map_err(|error| error.to_string())?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let answer: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(answer["error"].to_string()),
        }
    }

    /// HTTP 1.0: the end of the connection is the end of the answer.
    fn post(&self, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let length = body.len();
        write!(
            stream,
            "POST /api_jsonrpc.php HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json-rpc\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
