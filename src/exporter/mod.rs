//! What does an exporter say? One GET over HTTP, and the text format of Prometheus.

pub(crate) mod collector;
pub(crate) mod credentials;
pub(crate) mod exposition;
pub(crate) mod http;
pub(crate) mod page;
pub(crate) mod selector;
pub(crate) mod url;

use self::exposition::series;
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
        let bytes = body.bytes;
        let text =
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        // The format ends its last line with a line feed. Where nothing else says that all is there, the number before it may
        // have lost its end.
        if !body.is_whole && !text.ends_with('\n') && series(&text).flatten().next().is_some() {
            return Err(HttpError::CutShort);
        }
        Ok(text)
    }
}
