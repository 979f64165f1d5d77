//! What does an exporter say? One GET over HTTP, and the text format of Prometheus.

pub(crate) mod exposition;
pub(crate) mod http;
pub(crate) mod url;
