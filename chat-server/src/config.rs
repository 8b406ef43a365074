//! Floor 7: settings, from defaults, a file, the environment and flags, the later the stronger.
//!
//! [`Settings`] is the table: its fields are the keys of the file, the flags and the variables,
//! and their texts are the help, `config example` and the admin guide. [`Config`] is what came
//! out, checked.

mod door;
mod files;
mod retention;
mod sso;
mod tls;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};
use chat_proto::{Limits, Registration, Secret};
use clap::{Args, ValueEnum};
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};

use crate::files::Place;
use crate::handler::live::{CONNECTIONS_PER_ADDRESS, Live, ProxyHeader};
use crate::log::LogFormat;
use crate::registration::ProviderRegistration;
use crate::server::ServerOptions;
use crate::sso::{Flow, SsoSettings};
pub use files::Size;
use retention::Retention;
pub use tls::TlsMode;

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

/// The longest pause before the drain: with the drain itself it fits into the time that the unit
/// gives the server to stop.
const LONGEST_DRAIN_DELAY: Duration = Duration::from_secs(30);

/// Seconds of a day.
const DAY_S: u64 = 24 * 60 * 60;

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

/// Every setting, as far as one source gives it.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Folder for the database; only a key of the file, where --data-dir does not say otherwise
    #[arg(skip)]
    pub data_dir: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", env = "CHAT_SERVER_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// The team's name, shown at the head of everybody's list
    #[arg(long, value_name = "TEXT", env = "CHAT_SERVER_NAME")]
    pub name: Option<String>,
    /// Who may make an account
    #[arg(long, value_name = "MODE", env = "CHAT_SERVER_REGISTRATION")]
    pub registration: Option<RegistrationMode>,
    /// A given invite code for the first account, in place of a random one; not a flag, because
    /// other people on the machine can see flags
    #[arg(skip)]
    pub owner_code: Option<String>,
    /// Where the TLS certificate comes from; files if tls-cert is given, else off
    #[arg(long, value_name = "MODE", env = "CHAT_SERVER_TLS")]
    pub tls: Option<TlsMode>,
    /// TLS certificate chain (PEM); with tls-key, the server speaks wss
    #[arg(long, value_name = "FILE", env = "CHAT_SERVER_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// TLS private key (PEM)
    #[arg(long, value_name = "FILE", env = "CHAT_SERVER_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Names for the self-signed certificate; this machine's name and address if none is given
    #[arg(long, value_name = "NAME", env = "CHAT_SERVER_TLS_NAMES", value_delimiter = ',')]
    pub tls_names: Option<Vec<String>>,
    /// Names for which the authority gives a certificate; all must lead to this server, port 443
    #[arg(long, value_name = "NAME", env = "CHAT_SERVER_ACME_DOMAINS", value_delimiter = ',')]
    pub acme_domains: Option<Vec<String>>,
    /// Where the authority writes to when something is wrong
    #[arg(long, value_name = "MAIL", env = "CHAT_SERVER_ACME_CONTACT")]
    pub acme_contact: Option<String>,
    /// The authority, by the URL of its ACME directory
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_ACME_DIRECTORY")]
    pub acme_directory: Option<String>,
    /// The TLS root (PEM) of a private authority's own server
    #[arg(long, value_name = "FILE", env = "CHAT_SERVER_ACME_CA_FILE")]
    pub acme_ca_file: Option<PathBuf>,
    /// That you accept the authority's terms of service
    #[arg(
        long,
        value_name = "BOOL",
        env = "CHAT_SERVER_ACME_AGREE",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true
    )]
    pub acme_agree: Option<bool>,
    /// Address where Prometheus reads /metrics; not there unless set, and best on 127.0.0.1
    #[arg(long, value_name = "ADDR", env = "CHAT_SERVER_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Proxies (addresses or networks) whose word about a client's address is taken
    #[arg(long, value_name = "NET", env = "CHAT_SERVER_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<String>>,
    /// Where those proxies say it
    #[arg(long, value_name = "WHERE", env = "CHAT_SERVER_PROXY_HEADER")]
    pub proxy_header: Option<ProxyHeader>,
    /// Connections at once of one address, or of one /64 network of IPv6
    #[arg(long, value_name = "N", env = "CHAT_SERVER_CONNECTIONS_PER_ADDRESS")]
    pub connections_per_address: Option<usize>,
    /// Connections at once; more wait
    #[arg(long, value_name = "N", env = "CHAT_SERVER_MAX_CONNECTIONS")]
    pub max_connections: Option<usize>,
    /// Web origins that may connect, besides the server's own host; for browser clients
    #[arg(long, value_name = "ORIGIN", env = "CHAT_SERVER_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Option<Vec<String>>,
    /// How long somebody stays online after a cut
    #[arg(long, value_name = "TIME", env = "CHAT_SERVER_PRESENCE_GRACE")]
    pub presence_grace: Option<Span>,
    /// How long /ready says no before clients are sent away at the end; as long as a load balancer
    /// takes to notice, at most 30s
    #[arg(long, value_name = "TIME", env = "CHAT_SERVER_DRAIN_DELAY")]
    pub drain_delay: Option<Span>,
    /// How long a login stays valid without being used
    #[arg(long, value_name = "TIME", env = "CHAT_SERVER_SESSION_IDLE")]
    pub session_idle: Option<Span>,
    /// Requests a second that one connection may make for long
    #[arg(long, value_name = "N", env = "CHAT_SERVER_REQUESTS_PER_SECOND")]
    pub requests_per_second: Option<u32>,
    /// Requests that one connection may make at once
    #[arg(long, value_name = "N", env = "CHAT_SERVER_REQUEST_BURST")]
    pub request_burst: Option<u32>,
    /// Let webhooks call this machine and private networks; moderators of rooms choose where they go
    #[arg(
        long,
        value_name = "BOOL",
        env = "CHAT_SERVER_ALLOW_PRIVATE_HOOKS",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true
    )]
    pub allow_private_hooks: Option<bool>,
    /// Where files are kept: local for a folder in the data directory, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE", env = "CHAT_SERVER_FILES")]
    pub files: Option<String>,
    /// Largest file; 0 for no files at all
    #[arg(long, value_name = "SIZE", env = "CHAT_SERVER_FILE_SIZE")]
    pub file_size: Option<Size>,
    /// What the files of one person may take together; 0 for no limit
    #[arg(long, value_name = "SIZE", env = "CHAT_SERVER_FILES_PER_USER")]
    pub files_per_user: Option<Size>,
    /// What all files may take together; 0 for no limit
    #[arg(long, value_name = "SIZE", env = "CHAT_SERVER_FILES_PER_SERVER")]
    pub files_per_server: Option<Size>,
    /// The S3 store's address, where it is not Amazon's; https, or http on this very machine
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_S3_ENDPOINT")]
    pub s3_endpoint: Option<String>,
    /// The S3 store's region
    #[arg(long, value_name = "NAME", env = "CHAT_SERVER_S3_REGION")]
    pub s3_region: Option<String>,
    /// Speak to the S3 store without TLS, where it is not this very machine: only inside a network
    /// of one's own, because everybody on the way can read the files
    #[arg(long, value_name = "YES", env = "CHAT_SERVER_S3_ALLOW_HTTP")]
    pub s3_allow_http: Option<bool>,
    /// Who the server is for the S3 store
    #[arg(long, value_name = "ID", env = "CHAT_SERVER_S3_ACCESS_KEY_ID")]
    pub s3_access_key_id: Option<String>,
    /// What proves it; not a flag, because other people on the machine can see flags
    #[arg(skip)]
    pub s3_secret_access_key: Option<String>,
    /// How long messages are kept, in days, such as 365d; none for ever. Rooms can keep them for a
    /// shorter time
    #[arg(long, value_name = "DAYS", env = "CHAT_SERVER_RETENTION")]
    pub retention: Option<Retention>,
    /// The OpenID Connect provider by which people can log in: its issuer, an https address
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// Who this server is for the provider
    #[arg(long, value_name = "ID", env = "CHAT_SERVER_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// What proves it; not a flag, because other people on the machine can see flags
    #[arg(skip)]
    pub oidc_client_secret: Option<String>,
    /// What people call the provider: they read "log in with ..."
    #[arg(long, value_name = "TEXT", env = "CHAT_SERVER_OIDC_NAME")]
    pub oidc_name: Option<String>,
    /// How people go there
    #[arg(long, value_name = "WAY", env = "CHAT_SERVER_OIDC_FLOW")]
    pub oidc_flow: Option<Flow>,
    /// This server's address for browsers that come back, ending in /auth/callback; without it
    /// people go by a code, where the provider offers that
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_OIDC_REDIRECT")]
    pub oidc_redirect: Option<String>,
    /// Whether somebody whom the provider lets in, and who has no account, gets one
    #[arg(long, value_name = "RULE", env = "CHAT_SERVER_OIDC_REGISTRATION")]
    pub oidc_registration: Option<ProviderRegistration>,
    /// Whether the provider is the only way in; the owner keeps the password
    #[arg(
        long,
        value_name = "BOOL",
        env = "CHAT_SERVER_OIDC_REQUIRED",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true
    )]
    pub oidc_required: Option<bool>,
    /// The claim from which the name of a new account is made
    #[arg(long, value_name = "CLAIM", env = "CHAT_SERVER_OIDC_CLAIM")]
    pub oidc_claim: Option<String>,
    /// What to log: error, warn, info, debug, trace, or a filter such as chat_server=debug
    #[arg(long, value_name = "FILTER", env = "CHAT_SERVER_LOG")]
    pub log: Option<String>,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", env = "CHAT_SERVER_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// The words for [`Registration`] in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationMode {
    /// Everybody
    Open,
    /// Who has an invite code
    Invite,
    /// Nobody but the owner's first account
    Closed,
}

/// A length of time as people write it: `30s`, `5m`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_duration(text).map(Self)
    }
}

impl TryFrom<String> for Span {
    type Error = humantime::DurationError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        // Days as they were written; the library would make months of them.
        if span.0.subsec_nanos() == 0 && span.0.as_secs() >= DAY_S && span.0.as_secs().is_multiple_of(DAY_S) {
            return format!("{}d", span.0.as_secs() / DAY_S);
        }
        humantime::format_duration(span.0).to_string().replace(' ', "")
    }
}

/// The checked result: what the server runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database.
    pub data_dir: PathBuf,
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
    /// For how many days messages are kept; `None` for ever.
    pub keep_days: Option<u32>,
    /// What to log.
    pub log: String,
    /// How its lines look.
    pub log_format: LogFormat,
}

impl Settings {
    /// The settings in force when no source says otherwise.
    #[must_use]
    pub fn defaults() -> Self {
        let limits = Limits::default();
        Self {
            data_dir: None,
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 7667))),
            name: Some("chat".to_owned()),
            registration: Some(RegistrationMode::Invite),
            owner_code: None,
            tls: None,
            tls_cert: None,
            tls_key: None,
            tls_names: Some(Vec::new()),
            acme_domains: Some(Vec::new()),
            acme_contact: None,
            acme_directory: Some(tls::LETS_ENCRYPT.to_owned()),
            acme_ca_file: None,
            acme_agree: Some(false),
            metrics_listen: None,
            trusted_proxies: Some(Vec::new()),
            proxy_header: Some(ProxyHeader::default()),
            connections_per_address: Some(CONNECTIONS_PER_ADDRESS),
            max_connections: Some(10_000),
            allowed_origins: Some(Vec::new()),
            presence_grace: Some(Span(Duration::from_secs(30))),
            drain_delay: Some(Span(Duration::ZERO)),
            session_idle: Some(Span(SESSION_IDLE)),
            requests_per_second: Some(limits.requests_per_second),
            request_burst: Some(limits.request_burst),
            allow_private_hooks: Some(false),
            files: Some("local".to_owned()),
            file_size: Some(Size(limits.file_bytes)),
            files_per_user: Some(files::PER_USER),
            files_per_server: Some(Size(0)),
            s3_endpoint: None,
            s3_region: None,
            s3_allow_http: Some(false),
            s3_access_key_id: None,
            s3_secret_access_key: None,
            retention: Some(Retention::FOREVER),
            oidc_issuer: None,
            oidc_client_id: None,
            oidc_client_secret: None,
            oidc_name: Some(sso::NAME.to_owned()),
            oidc_flow: Some(Flow::default()),
            oidc_redirect: None,
            oidc_registration: Some(ProviderRegistration::default()),
            oidc_required: Some(false),
            oidc_claim: Some(sso::CLAIM.to_owned()),
            log: Some("info".to_owned()),
            log_format: Some(LogFormat::default()),
        }
    }

    /// These, with the gaps filled from a weaker source.
    #[must_use]
    pub fn or(self, weaker: Settings) -> Settings {
        Settings {
            data_dir: self.data_dir.or(weaker.data_dir),
            listen: self.listen.or(weaker.listen),
            name: self.name.or(weaker.name),
            registration: self.registration.or(weaker.registration),
            owner_code: self.owner_code.or(weaker.owner_code),
            tls: self.tls.or(weaker.tls),
            tls_cert: self.tls_cert.or(weaker.tls_cert),
            tls_key: self.tls_key.or(weaker.tls_key),
            tls_names: self.tls_names.or(weaker.tls_names),
            acme_domains: self.acme_domains.or(weaker.acme_domains),
            acme_contact: self.acme_contact.or(weaker.acme_contact),
            acme_directory: self.acme_directory.or(weaker.acme_directory),
            acme_ca_file: self.acme_ca_file.or(weaker.acme_ca_file),
            acme_agree: self.acme_agree.or(weaker.acme_agree),
            metrics_listen: self.metrics_listen.or(weaker.metrics_listen),
            trusted_proxies: self.trusted_proxies.or(weaker.trusted_proxies),
            proxy_header: self.proxy_header.or(weaker.proxy_header),
            connections_per_address: self.connections_per_address.or(weaker.connections_per_address),
            max_connections: self.max_connections.or(weaker.max_connections),
            allowed_origins: self.allowed_origins.or(weaker.allowed_origins),
            presence_grace: self.presence_grace.or(weaker.presence_grace),
            drain_delay: self.drain_delay.or(weaker.drain_delay),
            session_idle: self.session_idle.or(weaker.session_idle),
            requests_per_second: self.requests_per_second.or(weaker.requests_per_second),
            request_burst: self.request_burst.or(weaker.request_burst),
            allow_private_hooks: self.allow_private_hooks.or(weaker.allow_private_hooks),
            files: self.files.or(weaker.files),
            file_size: self.file_size.or(weaker.file_size),
            files_per_user: self.files_per_user.or(weaker.files_per_user),
            files_per_server: self.files_per_server.or(weaker.files_per_server),
            s3_endpoint: self.s3_endpoint.or(weaker.s3_endpoint),
            s3_region: self.s3_region.or(weaker.s3_region),
            s3_allow_http: self.s3_allow_http.or(weaker.s3_allow_http),
            s3_access_key_id: self.s3_access_key_id.or(weaker.s3_access_key_id),
            s3_secret_access_key: self.s3_secret_access_key.or(weaker.s3_secret_access_key),
            retention: self.retention.or(weaker.retention),
            oidc_issuer: self.oidc_issuer.or(weaker.oidc_issuer),
            oidc_client_id: self.oidc_client_id.or(weaker.oidc_client_id),
            oidc_client_secret: self.oidc_client_secret.or(weaker.oidc_client_secret),
            oidc_name: self.oidc_name.or(weaker.oidc_name),
            oidc_flow: self.oidc_flow.or(weaker.oidc_flow),
            oidc_redirect: self.oidc_redirect.or(weaker.oidc_redirect),
            oidc_registration: self.oidc_registration.or(weaker.oidc_registration),
            oidc_required: self.oidc_required.or(weaker.oidc_required),
            oidc_claim: self.oidc_claim.or(weaker.oidc_claim),
            log: self.log.or(weaker.log),
            log_format: self.log_format.or(weaker.log_format),
        }
    }
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
        let tls = tls::source(&s, &self.data_dir, listen)?;
        let (files, file_quotas) = (files::place(&s, &self.data_dir)?, files::quotas(&s));
        let sso = sso::check(&s)?;
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
            },
            owner_code: s.owner_code.map(Secret::new),
            server: ServerOptions { max_connections, tls, metrics: s.metrics_listen, drain_delay },
            session_idle,
            presence_grace: s.presence_grace.map_or(Duration::ZERO, |span| span.0),
            allow_private_hooks: s.allow_private_hooks.unwrap_or_default(),
            files,
            sso,
            keep_days: s.retention.and_then(|retention| retention.0),
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
        let mut shown = self.settings.clone();
        shown.owner_code = shown.owner_code.map(|_| HIDDEN.to_owned());
        shown.oidc_client_secret = shown.oidc_client_secret.map(|_| HIDDEN.to_owned());
        shown.s3_secret_access_key = shown.s3_secret_access_key.map(|_| HIDDEN.to_owned());
        Ok(format!(
            "# data directory: {}\n# file: {file}\n{}",
            self.data_dir.display(),
            toml::to_string(&shown)?
        ))
    }
}

/// A configuration file with every setting, its meaning and its default, all commented out.
///
/// # Errors
/// If the defaults cannot be written, which a test excludes.
pub fn example() -> anyhow::Result<String> {
    let defaults: BTreeMap<String, toml::Value> = toml::from_str(&toml::to_string(&Settings::defaults())?)?;
    let table = Settings::augment_args(clap::Command::new("settings"));
    let mut text = "# chat-server settings. Flags and variables are stronger than this file.\n".to_owned();
    text.push_str("\n# Folder for the database (or --data-dir)\n# data_dir = \"\"\n");
    for arg in table.get_arguments() {
        let key = arg.get_id().as_str();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let value = defaults.get(key).map_or_else(|| "\"\"".to_owned(), ToString::to_string);
        text.push_str(&format!("\n# {help}\n# {key} = {value}\n"));
    }
    text.push_str(&format!(
        "\n# What proves who the server is for the S3 store (or {})\n# s3_secret_access_key = \"\"\n",
        files::SECRET_VARIABLE
    ));
    text.push_str(&format!(
        "\n# What proves this server to the provider (or {})\n# oidc_client_secret = \"\"\n",
        sso::SECRET_VARIABLE
    ));
    text.push_str(&format!(
        "\n# A given invite code for the first account, in place of a random one (or {OWNER_CODE_VARIABLE})\n# owner_code = \"\"\n"
    ));
    Ok(text)
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
            "owner_code = \"s3cret\"\ns3_secret_access_key = \"s3cret\"\noidc_client_secret = \"s3cret\"",
            Settings::default(),
        )
        .unwrap();
        let printed = loaded.print().unwrap();
        assert!(!printed.contains("s3cret") && printed.contains(HIDDEN));
        assert!(load_file(&printed, Settings::default()).is_ok());
    }

    #[test]
    fn the_example_names_every_setting_and_can_be_used() {
        let example = example().unwrap();
        let uncommented: String = example
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| {
                line.split_once(" = ").is_some_and(|(key, value)| !key.contains(' ') && value != "\"\"")
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let settings: Settings = toml::from_str(&uncommented).unwrap();
        assert_eq!(toml::to_string(&settings).unwrap(), toml::to_string(&Settings::defaults()).unwrap());
        for key in ["owner_code", "oidc_client_secret", "s3_secret_access_key", "tls_cert", "listen"] {
            assert!(example.contains(key), "{key}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for bad in [
            "tls_cert = \"a.pem\"",
            "tls = \"acme\"",
            "max_connections = 0",
            "name = \"\"",
            "request_burst = 0",
            "connections_per_address = 0",
            "trusted_proxies = [\"10.0.0.0/99\"]",
            "log = \"chat=loud\"",
            "session_idle = \"10ms\"",
            "drain_delay = \"31s\"",
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
