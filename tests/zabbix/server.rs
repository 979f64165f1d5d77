//! What makes a Zabbix? PostgreSQL, server, agent and front end, each with a scratch directory, all ended when dropped.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::agent::{self, user_parameters};
use crate::api::Api;
use crate::postgresql::{Database, postgresql, run};
use crate::process::{Process, are_installed, until, wait_for};
use crate::support::port::free_port;
use crate::support::{self, plugin};

/// A whole Zabbix. Its parts end in the order in which they are named here.
pub struct Zabbix {
    /// A session of its front end.
    pub api: Api,
    /// Where its agent listens.
    pub agent_port: u16,
    port: u16,
    _frontend: Process,
    _server: Process,
    _agent: Process,
    _database: Database,
    directory: TempDir,
}

impl Zabbix {
    /// An empty one, with our plugins as external scripts and in its agent. `None`, and a note, where a part is missing.
    pub fn start() -> Option<Self> {
        let is_whole = are_installed("zabbix-server-pgsql", &[Path::new(SERVER), &sql("schema")])
            && are_installed("zabbix-frontend-php", &[&Path::new(FRONTEND).join("api_jsonrpc.php")])
            && are_installed("zabbix-agent", &[Path::new(agent::PROGRAM)])
            && are_installed("php-cli", &[Path::new(PHP)])
            && are_installed("postgresql", &[&postgresql().join("initdb")]);
        if !is_whole {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        // The database has a user of its own.
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let database = Database::start(&directory.path().join("database"), "zabbix");
        fill(&database, directory.path());
        let (agent_port, agent) = start_agent(directory.path());
        let server = start_server(directory.path(), &database);
        let (port, frontend) = start_frontend(directory.path(), &database);
        let api = until(30, || Api::log_in(port));
        Some(Self {
            api,
            agent_port,
            port,
            _frontend: frontend,
            _server: server,
            _agent: agent,
            _database: database,
            directory,
        })
    }

    /// Where its front end is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a plugin an external script, as the README says it.
    pub fn link(&self, name: &str) {
        link(self.directory.path(), name);
    }

    /// Takes it away again.
    pub fn unlink(&self, name: &str) {
        fs::remove_file(self.directory.path().join(SCRIPTS).join(name)).unwrap();
    }
}

/// The schema, and of the data what the front end needs: not the hundreds of templates, which take a minute.
fn fill(database: &Database, scratch: &Path) {
    let text = |name: &str| run(Command::new("gzip").arg("-dc").arg(sql(name)));
    let tables = NEEDED.map(|table| format!("INSERT INTO {table} "));
    let data = text("data");
    let needed = data.lines().filter(|line| tables.iter().any(|table| line.starts_with(table)));
    let script = format!("begin;\n{}\n{}\ncommit;\n", text("schema"), needed.collect::<Vec<_>>().join("\n"));
    let path = scratch.join("zabbix.sql");
    fs::write(&path, script).unwrap();
    database.sql("postgres", &["-c", "create database zabbix"]);
    database.sql("zabbix", &["-f", path.to_str().unwrap()]);
}

fn start_agent(directory: &Path) -> (u16, Process) {
    let port = free_port();
    fs::write(directory.join("check_um.conf"), user_parameters("check_um_windows.conf")).unwrap();
    let configuration = AGENT_CONF.replace("@PORT@", &port.to_string());
    let path = write(directory, "agent.conf", &configuration);
    let mut agent = Process::start(Command::new(agent::PROGRAM).arg("-f").arg("-c").arg(path));
    wait_for(&mut agent, port);
    (port, agent)
}

/// With the plugins in the directory of the external scripts, and the time limit raised.
fn start_server(directory: &Path, database: &Database) -> Process {
    fs::create_dir(directory.join(SCRIPTS)).unwrap();
    for name in support::plugins() {
        link(directory, name);
    }
    let port = free_port();
    let configuration =
        SERVER_CONF.replace("@PORT@", &port.to_string()).replace("@DBPORT@", &database.port.to_string());
    let path = write(directory, "server.conf", &configuration);
    let mut server = Process::start(Command::new(SERVER).arg("-f").arg("-c").arg(path));
    wait_for(&mut server, port);
    server
}

/// Under PHP's own server. The path of its configuration is a constant of a class, so the class is loaded with another one.
fn start_frontend(directory: &Path, database: &Database) -> (u16, Process) {
    let port = free_port();
    write(directory, "zabbix.conf.php", &FRONTEND_CONF.replace("@DBPORT@", &database.port.to_string()));
    let prepended = write(directory, "prepend.php", PREPEND);
    let mut command = Command::new(PHP);
    command.args(["-S", &format!("127.0.0.1:{port}"), "-t", FRONTEND, "-d", "memory_limit=512M", "-d"]);
    command.arg(format!("auto_prepend_file={}", prepended.display()));
    let mut frontend = Process::start(&mut command);
    wait_for(&mut frontend, port);
    (port, frontend)
}

fn link(directory: &Path, name: &str) {
    symlink(plugin(name).get_program(), directory.join(SCRIPTS).join(name)).unwrap();
}

fn write(directory: &Path, name: &str, content: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, content.replace("@DIR@", directory.to_str().unwrap())).unwrap();
    path
}

fn sql(name: &str) -> PathBuf {
    PathBuf::from(format!("/usr/share/zabbix-server-pgsql/{name}.sql.gz"))
}

const SERVER: &str = "/usr/sbin/zabbix_server";
const SCRIPTS: &str = "externalscripts";
const FRONTEND: &str = "/usr/share/zabbix";
const PHP: &str = "/usr/bin/php";

/// The tables without which nobody can log in and no import is taken.
const NEEDED: [&str; 9] =
    ["role", "role_rule", "users", "usrgrp", "users_groups", "hstgrp", "config", "config_autoreg_tls", "graph_theme"];

const AGENT_CONF: &str = "\
Server=127.0.0.1
ListenIP=127.0.0.1
ListenPort=@PORT@
PidFile=@DIR@/agent.pid
LogFile=@DIR@/agent.log
StartAgents=3
Hostname=cas1
AllowRoot=1
Timeout=15
Include=@DIR@/check_um.conf
";

const SERVER_CONF: &str = "\
ListenIP=127.0.0.1
ListenPort=@PORT@
LogFile=@DIR@/server.log
PidFile=@DIR@/server.pid
SocketDir=@DIR@
DBHost=127.0.0.1
DBPort=@DBPORT@
DBName=zabbix
DBUser=zabbix
ExternalScripts=@DIR@/externalscripts
AllowRoot=1
CacheUpdateFrequency=1
ServiceManagerSyncFrequency=1
Timeout=20
StartPollers=4
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartTrappers=1
";

const FRONTEND_CONF: &str = "\
<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '127.0.0.1';
$DB['PORT'] = '@DBPORT@';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'zabbix';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER_NAME = '';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
";

const PREPEND: &str = "\
<?php
$class = file_get_contents('/usr/share/zabbix/include/classes/core/CConfigFile.php');
eval('?>'.str_replace('/etc/zabbix/zabbix.conf.php', '@DIR@/zabbix.conf.php', $class));
";
