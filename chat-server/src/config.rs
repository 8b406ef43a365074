//! Floor 7: settings, from defaults, a file, the environment and flags, the later the stronger.
//!
//! [`Settings`] is the table: its fields are the keys of the file, the flags and the variables,
//! and their texts are the help, `config example` and the admin guide. [`Config`] is what came
//! out, checked.

mod bus;
mod door;
mod files;
mod retention;
mod settings;
mod span;
mod sso;
mod tls;
mod traces;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use chat_proto::{Limits, Registration, Secret};
use clap::Args;
use directories::ProjectDirs;

use crate::bus::BusSettings;
use crate::files::Place;
use crate::handler::live::{Live, PING_INTERVAL};
use crate::log::LogFormat;
use crate::server::ServerOptions;
use crate::sso::SsoSettings;
use crate::store::Address;
pub use files::Size;
pub use settings::{RegistrationMode, Settings, example};
use span::DAY_S;
pub use span::Span;
pub use tls::{CERTIFICATE_NAMES, TlsMode};

/// The file that is read when `--config` does not name another.
const FILE_NAME: &str = "server.toml";

/// The file that is read where the user who runs this has none of their own; packages put one there.
const SYSTEM_FILE: &str = "/etc/chat-server/server.toml";

/// The variable that holds the owner code; a flag would show it to everybody on the machine.
const OWNER_CODE_VARIABLE: &str = "CHAT_SERVER_OWNER_CODE";

/// What a hidden secret looks like in `config print`.
const HIDDEN: &str = "(hidden)";

/// Longest team name in characters; it stands at the head of a narrow list.
const TEAM_NAME_CHARS: usize = 40;

/// A login ends when it was not used for so long: a lost laptop does not stay logged in for ever.
const SESSION_IDLE: Duration = Duration::from_secs(90 * DAY_S);

/// What is shorter is a mistake, as a number without its unit.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// Asked more often, idle connections would cost more than busy ones.
const SHORTEST_PING: Duration = Duration::from_secs(1);

/// Asked less often, a person would wait for many minutes before a dead line is told as such.
const LONGEST_PING: Duration = Duration::from_secs(5 * 60);

/// The longest pause before the drain: with the drain itself it fits into the time that the unit
/// gives the server to stop.
const LONGEST_DRAIN_DELAY: Duration = Duration::from_secs(30);

/// Where things are; known before the file is read.
#[derive(Debug, Clone, Default, Args)]
pub struct Places {
    /// Folder for the database and, unless --config says otherwise, server.toml
    #[arg(long, value_name = "DIR", env = "CHAT_SERVER_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "CHAT_SERVER_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

/// The checked result: what the server runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database.
    pub data_dir: PathBuf,
    /// The PostgreSQL database; `None` for SQLite in the folder.
    pub database: Option<Address>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What may change while it runs.
    pub live: Live,
    /// The given owner code.
    pub owner_code: Option<Secret>,
    /// What the listener needs.
    pub server: ServerOptions,
    /// How long somebody stays online after a cut.
    pub presence_grace: Duration,
    /// How long a login stays valid without being used.
    pub session_idle: Duration,
    /// Whether webhooks may call this machine and private networks.
    pub allow_private_hooks: bool,
    /// Where files are kept.
    pub files: Place,
    /// The provider by which people log in.
    pub sso: Option<SsoSettings>,
    /// How other nodes on the same database are reached; `None` where there are none.
    pub bus: Option<BusSettings>,
    /// For how many days messages are kept; `None` for ever.
    pub keep_days: Option<u32>,
    /// Where traces go.
    pub traces: Option<String>,
    /// What to log.
    pub log: String,
    /// How its lines look.
    pub log_format: LogFormat,
}

/// Everything that the sources say together.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Folder of the database.
    pub data_dir: PathBuf,
    /// The file that was read, if it exists.
    pub file: Option<PathBuf>,
    /// The merged settings; no gap where there is a default.
    pub settings: Settings,
}

/// Merges defaults, file, environment and flags.
///
/// # Errors
/// What is wrong in the file, with its line; or that there is no home to put things in.
pub fn load(places: &Places, flags: Settings) -> anyhow::Result<Loaded> {
    let home = ProjectDirs::from("", "", "chat-server");
    let file = match (&places.config, &places.data_dir, &home) {
        (Some(file), _, _) => file.clone(),
        (None, Some(dir), _) => dir.join(FILE_NAME),
        (None, None, home) => {
            let own = home.as_ref().map(|home| home.config_dir().join(FILE_NAME)).filter(|own| own.exists());
            own.unwrap_or_else(|| SYSTEM_FILE.into())
        }
    };
    let must_exist = places.config.is_some();
    let (file, from_file) = match fs::read_to_string(&file) {
        Ok(text) => {
            let settings = toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
            (Some(file), settings)
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            (None, Settings::default())
        }
        Err(cause) => return Err(cause).with_context(|| format!("cannot read {}", file.display())),
    };
    let mut settings = flags.or(from_file).or(Settings::defaults());
    let in_file = settings.data_dir.take().filter(|dir| !dir.as_os_str().is_empty());
    let data_dir = places.data_dir.clone().or(in_file).or_else(|| Some(home?.data_dir().to_owned()));
    let data_dir =
        data_dir.context("cannot find your home directory; say where to put things with --data-dir")?;
    if let Ok(code) = std::env::var(OWNER_CODE_VARIABLE) {
        settings.owner_code = Some(code);
    }
    if let Ok(secret) = std::env::var(files::SECRET_VARIABLE) {
        settings.s3_secret_access_key = Some(secret);
    }
    if let Ok(secret) = std::env::var(sso::SECRET_VARIABLE) {
        settings.oidc_client_secret = Some(secret);
    }
    if let Ok(secret) = std::env::var(bus::SECRET_VARIABLE) {
        settings.bus_secret = Some(secret);
    }
    Ok(Loaded { data_dir, file, settings })
}

impl Loaded {
    /// Checks the settings and makes them what the server runs with.
    ///
    /// # Errors
    /// Which setting cannot be used, and why.
    pub fn check(self) -> anyhow::Result<Config> {
        let s = self.settings.or(Settings::defaults());
        let listen = s.listen.context("listen has no value")?;
        let database = s.database.as_deref().map(str::parse::<Address>).transpose()?;
        let tls = tls::source(&s, &self.data_dir, listen)?;
        let (files, file_quotas) = (files::place(&s, &self.data_dir)?, files::quotas(&s));
        let sso = sso::check(&s)?;
        let bus = bus::check(&s)?;
        let traces = traces::endpoint(&s)?;
        let file_bytes = s.file_size.unwrap_or_default().0;
        let name = s.name.unwrap_or_default();
        ensure!(
            (1..=TEAM_NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control),
            "name must be one line of 1 to {TEAM_NAME_CHARS} characters"
        );
        let trusted_proxies = door::networks(&s.trusted_proxies.unwrap_or_default())?;
        let connections_per_address = s.connections_per_address.unwrap_or_default();
        ensure!(connections_per_address > 0, "connections-per-address must be at least 1");
        let log = s.log.unwrap_or_default();
        crate::log::parse(&log)?;
        let drain_delay = s.drain_delay.map_or(Duration::ZERO, |span| span.0);
        ensure!(
            drain_delay <= LONGEST_DRAIN_DELAY,
            "drain_delay: at most 30s, so that the server ends before it is killed"
        );
        let session_idle = s.session_idle.map_or(SESSION_IDLE, |span| span.0);
        ensure!(
            session_idle >= SHORTEST_IDLE,
            "session-idle must be at least {}; people would be logged out while they read",
            String::from(Span(SHORTEST_IDLE))
        );
        let ping_interval = s.ping_interval.map_or(PING_INTERVAL, |span| span.0);
        ensure!(
            (SHORTEST_PING..=LONGEST_PING).contains(&ping_interval),
            "ping-interval must be from {} to {}",
            String::from(Span(SHORTEST_PING)),
            String::from(Span(LONGEST_PING))
        );
        let max_connections = s.max_connections.unwrap_or_default();
        ensure!(max_connections > 0, "max-connections must be at least 1");
        let (requests_per_second, request_burst) =
            (s.requests_per_second.unwrap_or_default(), s.request_burst.unwrap_or_default());
        ensure!(
            requests_per_second > 0 && request_burst > 0,
            "requests-per-second and request-burst must be at least 1"
        );
        Ok(Config {
            data_dir: self.data_dir,
            database,
            listen,
            live: Live {
                name,
                registration: match s.registration {
                    Some(RegistrationMode::Open) => Registration::Open,
                    Some(RegistrationMode::Closed) => Registration::Closed,
                    Some(RegistrationMode::Invite) | None => Registration::Invite,
                },
                limits: Limits { requests_per_second, request_burst, file_bytes, ..Limits::default() },
                file_quotas,
                allowed_origins: s.allowed_origins.unwrap_or_default(),
                connections_per_address,
                trusted_proxies,
                proxy_header: s.proxy_header.unwrap_or_default(),
                ping_interval,
            },
            owner_code: s.owner_code.map(Secret::new),
            server: ServerOptions { max_connections, tls, metrics: s.metrics_listen, drain_delay },
            session_idle,
            presence_grace: s.presence_grace.map_or(Duration::ZERO, |span| span.0),
            allow_private_hooks: s.allow_private_hooks.unwrap_or_default(),
            files,
            sso,
            bus,
            keep_days: s.retention.and_then(|retention| retention.0),
            traces,
            log,
            log_format: s.log_format.unwrap_or_default(),
        })
    }

    /// The merged settings as a configuration file, with secrets hidden.
    ///
    /// # Errors
    /// If a path is not text.
    pub fn print(&self) -> anyhow::Result<String> {
        let file = self.file.as_deref().map_or("none".into(), Path::to_string_lossy);
        Ok(format!(
            "# data directory: {}\n# file: {file}\n{}",
            self.data_dir.display(),
            toml::to_string(&self.shown())?
        ))
    }

    /// The same as one JSON object: `data_dir`, `file` (`null` if there is none) and `settings`.
    ///
    /// # Errors
    /// If a path is not text.
    pub fn json(&self) -> anyhow::Result<String> {
        let told = serde_json::json!({
            "data_dir": serde_json::to_value(&self.data_dir)?,
            "file": serde_json::to_value(&self.file)?,
            "settings": serde_json::to_value(self.shown())?,
        });
        Ok(format!("{told}\n"))
    }

    /// The settings that may be seen.
    fn shown(&self) -> Settings {
        let mut shown = self.settings.clone();
        shown.owner_code = shown.owner_code.map(|_| HIDDEN.to_owned());
        shown.oidc_client_secret = shown.oidc_client_secret.map(|_| HIDDEN.to_owned());
        shown.database = shown.database.map(|text| without_secrets(&text));
        shown.s3_secret_access_key = shown.s3_secret_access_key.map(|_| HIDDEN.to_owned());
        shown.bus_secret = shown.bus_secret.map(|_| HIDDEN.to_owned());
        shown
    }
}

/// Where the database is, without who one is there; what cannot be read may hold anything.
fn without_secrets(address: &str) -> String {
    address.parse::<Address>().map_or_else(|_| HIDDEN.to_owned(), |known| known.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_file(text: &str, flags: Settings) -> anyhow::Result<Loaded> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), text).unwrap();
        load(&Places { data_dir: Some(dir.path().to_owned()), config: None }, flags)
    }

    #[test]
    fn the_file_can_say_where_the_data_lies_and_a_flag_is_stronger() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        fs::write(&file, "data_dir = \"/srv/chat\"").unwrap();
        let read =
            |data_dir| load(&Places { data_dir, config: Some(file.clone()) }, Settings::default()).unwrap();
        assert_eq!(read(None).data_dir, Path::new("/srv/chat"));
        assert_eq!(read(Some("/other".into())).data_dir, Path::new("/other"));
        assert!(read(None).settings.data_dir.is_none(), "told once");
    }

    #[test]
    fn flags_beat_the_file_and_the_file_beats_defaults() {
        let flags = Settings { name: Some("flag".to_owned()), ..Settings::default() };
        let config = load_file("name = \"file\"\nregistration = \"open\"\npresence_grace = \"5s\"", flags)
            .unwrap()
            .check()
            .unwrap();
        assert_eq!(config.live.name, "flag");
        assert_eq!(config.live.registration, Registration::Open);
        assert_eq!(config.presence_grace, Duration::from_secs(5));
        assert_eq!(config.listen.port(), 7667);
    }

    #[test]
    fn a_mistake_in_the_file_names_its_line() {
        let error =
            format!("{:#}", load_file("name = \"x\"\nlisten_on = 1", Settings::default()).unwrap_err());
        assert!(error.contains("listen_on") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn secrets_are_hidden_and_the_printed_file_can_be_read_again() {
        let loaded = load_file(
            "owner_code = \"s3cret\"\ns3_secret_access_key = \"s3cret\"\noidc_client_secret = \"s3cret\"\n\
             bus_secret = \"s3cret\"\ndatabase = \"postgres://chat:s3cret@db.example.org/chat\"",
            Settings::default(),
        )
        .unwrap();
        let printed = loaded.print().unwrap();
        assert!(!printed.contains("s3cret") && printed.contains(HIDDEN));
        assert!(load_file(&printed, Settings::default()).is_ok());
        let json = loaded.json().unwrap();
        assert!(!json.contains("s3cret") && json.contains(HIDDEN), "{json}");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["settings"]["database"], "postgres://db.example.org:5432/chat");
        assert!(json["data_dir"].is_string() && json["file"].is_string(), "{json}");
    }

    #[test]
    fn the_example_names_every_setting_and_can_be_used() {
        let is_placeholder = |value: &str| {
            let inner = value.trim_matches('"');
            inner.contains(" | ") || inner.chars().all(|c| c.is_ascii_uppercase())
        };
        let example = example().unwrap();
        assert!(!example.contains("\"\""), "nothing is left for people to guess");
        assert!(example.contains("# tls = \"off | files | "), "{example}");
        let uncommented: String = example
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| {
                line.split_once(" = ")
                    .is_some_and(|(key, value)| !key.contains(' ') && !is_placeholder(value))
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let settings: Settings = toml::from_str(&uncommented).unwrap();
        assert_eq!(toml::to_string(&settings).unwrap(), toml::to_string(&Settings::defaults()).unwrap());
        for key in
            ["owner_code", "bus_secret", "oidc_client_secret", "s3_secret_access_key", "tls_cert", "listen"]
        {
            assert!(example.contains(key), "{key}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for bad in [
            "tls_cert = \"a.pem\"",
            "tls = \"acme\"",
            "database = \"mysql://db/chat\"",
            "database = \"postgres://db\"",
            "max_connections = 0",
            "name = \"\"",
            "request_burst = 0",
            "connections_per_address = 0",
            "trusted_proxies = [\"10.0.0.0/99\"]",
            "log = \"chat=loud\"",
            "session_idle = \"10ms\"",
            "ping_interval = \"10ms\"",
            "ping_interval = \"1h\"",
            "drain_delay = \"31s\"",
            "otlp_endpoint = \"127.0.0.1:4318\"",
            "otlp_endpoint = \"http://who:secret@127.0.0.1:4318\"",
            "oidc_required = true",
            "oidc_issuer = \"https://id.example.org\"",
            "oidc_issuer = \"https://id.example.org\"\noidc_client_id = \"chat\"",
            "oidc_issuer = \"http://id.example.org\"\noidc_client_id = \"chat\"\noidc_client_secret = \"x\"",
            "oidc_issuer = \"https://id.example.org\"\noidc_client_id = \"chat\"\noidc_client_secret = \"x\"\noidc_flow = \"browser\"",
        ] {
            assert!(load_file(bad, Settings::default()).unwrap().check().is_err(), "{bad}");
        }
    }
}
