//! The setting about traces: where the collector is.

use anyhow::{Context, bail, ensure};
use reqwest::Url;

use super::Settings;

/// Where collectors take traces, as OTLP over HTTP has it.
const PATH: &str = "/v1/traces";

/// The collector's address for traces; a bare address means the usual path on it.
pub(super) fn endpoint(s: &Settings) -> anyhow::Result<Option<String>> {
    let Some(given) = s.otlp_endpoint.as_deref().map(str::trim).filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let mut url = Url::parse(given)
        .with_context(|| "otlp-endpoint is no address; give one like http://127.0.0.1:4318")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        bail!("otlp-endpoint begins with http:// or https://, like http://127.0.0.1:4318");
    }
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "otlp-endpoint would show its password in logs; give it by the variable OTEL_EXPORTER_OTLP_HEADERS"
    );
    if url.path() == "/" {
        url.set_path(PATH);
    }
    Ok(Some(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_means_the_usual_path() {
        for (given, wanted) in [
            ("", None),
            ("http://127.0.0.1:4318", Some("http://127.0.0.1:4318/v1/traces")),
            ("https://otel.example.org/", Some("https://otel.example.org/v1/traces")),
            ("https://otel.example.org/in/v1/traces", Some("https://otel.example.org/in/v1/traces")),
        ] {
            let settings = Settings { otlp_endpoint: Some(given.to_owned()), ..Settings::default() };
            assert_eq!(endpoint(&settings).unwrap().as_deref(), wanted);
        }
    }
}
