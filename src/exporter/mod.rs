//! What does an exporter say? One GET over HTTP, and the text format of Prometheus.

pub mod exposition;
pub mod http;
pub mod url;
