//! What does an exporter say? One GET over HTTP, and the text format of Prometheus.

pub(crate) mod collector;
pub(crate) mod credentials;
pub(crate) mod exposition;
pub(crate) mod http;
pub(crate) mod selector;
pub(crate) mod url;

use self::http::{Access, HttpError};
use self::url::Url;
use crate::time::deadline::Deadline;

/// The metrics page of an exporter.
#[derive(Clone, Debug)]
pub(crate) struct Exporter {
    /// Its address.
    pub url: Url,
    pub access: Access,
}

impl Exporter {
    /// The page as it is now.
    pub(crate) async fn scrape(&self, deadline: &Deadline) -> Result<String, HttpError> {
        let body = http::get(&self.url, &self.access, deadline).await?;
        Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}
