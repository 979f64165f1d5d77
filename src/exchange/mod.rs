//! What does Exchange say about itself? Its diagnostics and their codes.

pub mod diagnostics;
