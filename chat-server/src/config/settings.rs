//! The table of settings: its fields are the keys of the file, the flags and the variables, and
//! their texts are the help, `config example` and the admin guide.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chat_proto::Limits;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::retention::Retention;
use super::tls::{self, TlsMode};
use super::{OWNER_CODE_VARIABLE, SESSION_IDLE, Size, Span, bus, files, sso};
use crate::handler::live::{CONNECTIONS_PER_ADDRESS, PING_INTERVAL, ProxyHeader};
use crate::log::LogFormat;
use crate::registration::ProviderRegistration;
use crate::sso::Flow;

/// Every setting, as far as one source gives it.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Folder for the database; only a key of the file, where --data-dir does not say otherwise
    #[arg(skip)]
    pub data_dir: Option<PathBuf>,
    /// A PostgreSQL database in place of SQLite in the data directory, for several servers:
    /// postgres://user@host/name. Its password belongs into this file or the variable, because other
    /// people on the machine can see flags
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
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
    /// Where traces go: a collector that speaks OTLP over HTTP, like http://127.0.0.1:4318; nowhere
    /// unless set
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
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
    /// How often a quiet connection is asked whether it is still there; shorter where something on
    /// the way forgets connections that say nothing
    #[arg(long, value_name = "TIME", env = "CHAT_SERVER_PING_INTERVAL")]
    pub ping_interval: Option<Span>,
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
    /// Send who downloads a file to the bucket itself, by an address that is good for a minute: the
    /// bytes do not go through the server then. The store must be within reach of the clients
    #[arg(
        long,
        value_name = "BOOL",
        env = "CHAT_SERVER_FILES_DIRECT",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true
    )]
    pub files_direct: Option<bool>,
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
    /// Addresses of the NATS that carries what happens between several servers on one database, such
    /// as nats://127.0.0.1:4222, or tls:// for TLS; none where there is one server
    #[arg(long, value_name = "URL", env = "CHAT_SERVER_BUS", value_delimiter = ',')]
    pub bus: Option<Vec<String>>,
    /// Who this server is for NATS; without a name, its secret is a token
    #[arg(long, value_name = "NAME", env = "CHAT_SERVER_BUS_USER")]
    pub bus_user: Option<String>,
    /// What proves it; not a flag, because other people on the machine can see flags
    #[arg(skip)]
    pub bus_secret: Option<String>,
    /// Certificates (PEM) to trust for NATS, in place of the system's
    #[arg(long, value_name = "FILE", env = "CHAT_SERVER_BUS_CA_FILE")]
    pub bus_ca_file: Option<PathBuf>,
    /// The name of these servers together, so that others can use the same NATS
    #[arg(long, value_name = "NAME", env = "CHAT_SERVER_CLUSTER")]
    pub cluster: Option<String>,
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

impl Settings {
    /// The settings in force when no source says otherwise.
    #[must_use]
    pub fn defaults() -> Self {
        let limits = Limits::default();
        Self {
            data_dir: None,
            database: None,
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
            otlp_endpoint: None,
            trusted_proxies: Some(Vec::new()),
            proxy_header: Some(ProxyHeader::default()),
            connections_per_address: Some(CONNECTIONS_PER_ADDRESS),
            max_connections: Some(10_000),
            allowed_origins: Some(Vec::new()),
            presence_grace: Some(Span(Duration::from_secs(30))),
            drain_delay: Some(Span(Duration::ZERO)),
            session_idle: Some(Span(SESSION_IDLE)),
            ping_interval: Some(Span(PING_INTERVAL)),
            requests_per_second: Some(limits.requests_per_second),
            request_burst: Some(limits.request_burst),
            allow_private_hooks: Some(false),
            files: Some("local".to_owned()),
            files_direct: Some(false),
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
            bus: Some(Vec::new()),
            bus_user: None,
            bus_secret: None,
            bus_ca_file: None,
            cluster: Some(bus::CLUSTER.to_owned()),
            log: Some("info".to_owned()),
            log_format: Some(LogFormat::default()),
        }
    }

    /// These, with the gaps filled from a weaker source.
    #[must_use]
    pub fn or(self, weaker: Settings) -> Settings {
        macro_rules! fill {
            ($($field:ident)+) => { Settings { $($field: self.$field.or(weaker.$field),)+ } };
        }
        fill! {
            data_dir database listen name registration owner_code tls tls_cert tls_key tls_names acme_domains
            acme_contact acme_directory acme_ca_file acme_agree metrics_listen otlp_endpoint trusted_proxies
            proxy_header connections_per_address max_connections allowed_origins presence_grace
            drain_delay session_idle ping_interval requests_per_second request_burst allow_private_hooks files
            files_direct file_size files_per_user files_per_server s3_endpoint s3_region s3_allow_http
            s3_access_key_id s3_secret_access_key retention oidc_issuer oidc_client_id
            oidc_client_secret oidc_name oidc_flow oidc_redirect oidc_registration oidc_required
            oidc_claim bus bus_user bus_secret bus_ca_file cluster log log_format
        }
    }
}

/// A configuration file with every setting, its meaning and its default, all commented out. Where there is no
/// default, it says in capitals what belongs there, or which words there are.
///
/// # Errors
/// If the defaults cannot be written, which a test excludes.
pub fn example() -> anyhow::Result<String> {
    let defaults: BTreeMap<String, toml::Value> = toml::from_str(&toml::to_string(&Settings::defaults())?)?;
    let table = Settings::augment_args(clap::Command::new("settings"));
    let mut text = "# chat-server settings. Flags and variables are stronger than this file.\n".to_owned();
    let mut put = |help: &str, key: &str, value: &str| {
        text.push_str(&format!("\n# {help}\n# {key} = {value}\n"));
    };
    put("Folder for the database (or --data-dir)", "data_dir", "\"DIR\"");
    for arg in table.get_arguments() {
        let key = arg.get_id().as_str();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        put(&help, key, &defaults.get(key).map_or_else(|| placeholder(arg), ToString::to_string));
    }
    for (help, variable, key) in [
        ("What proves who the server is for the S3 store", files::SECRET_VARIABLE, "s3_secret_access_key"),
        ("What proves this server to the provider", sso::SECRET_VARIABLE, "oidc_client_secret"),
        ("What proves this server to NATS", bus::SECRET_VARIABLE, "bus_secret"),
        (
            "A given invite code for the first account, in place of a random one",
            OWNER_CODE_VARIABLE,
            "owner_code",
        ),
    ] {
        put(&format!("{help} (or {variable})"), key, "\"SECRET\"");
    }
    Ok(text)
}

/// What stands in the place of a value that has no default.
fn placeholder(arg: &clap::Arg) -> String {
    let words: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let kind = arg.get_value_names().and_then(<[_]>::first).map_or("VALUE", |name| name.as_str());
    format!("\"{}\"", if words.is_empty() { kind.to_owned() } else { words.join(" | ") })
}
