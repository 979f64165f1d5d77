//! Which header lines does a request have beside its own, and which proxies does it go through? For every check that sends one.

use crate::sip::uri;

/// `--header` and `--route`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct HeaderOptions {
    /// A further header line of the request; repeatable
    #[arg(long = "header", value_name = "'NAME: VALUE'", value_parser = uri::header_line)]
    pub headers: Vec<String>,

    /// A proxy to be named in Route, the first one in front: a SIP URI with ;lr; repeatable. -H stays where the request is sent
    #[arg(long = "route", value_name = "URI", value_parser = uri::loose_route)]
    pub routes: Vec<String>,
}
