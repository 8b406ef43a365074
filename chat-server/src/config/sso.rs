//! The settings about the provider by which people log in.

use anyhow::{Context, bail, ensure};
use chat_proto::Secret;

use super::Settings;
use crate::sso::{Flow, SsoSettings, may_be_called};

/// The variable that holds what proves this server to the provider.
pub(super) const SECRET_VARIABLE: &str = "CHAT_SERVER_OIDC_CLIENT_SECRET";

/// The claim from which names of new accounts are made when no setting says: what people chose as
/// their name there.
pub(super) const CLAIM: &str = "preferred_username";

/// The path of the page to which browsers come back.
const CALLBACK: &str = "/auth/callback";

/// Longest name of the provider in characters: one button.
const NAME_CHARS: usize = 40;

/// What the provider is called when no setting says.
pub(super) const NAME: &str = "single sign-on";

pub(super) fn check(s: &Settings) -> anyhow::Result<Option<SsoSettings>> {
    let Some(issuer) = s.oidc_issuer.clone().filter(|issuer| !issuer.is_empty()) else {
        ensure!(!s.oidc_required.unwrap_or_default(), "oidc-required needs a provider; set oidc-issuer");
        return Ok(None);
    };
    ensure!(
        may_be_called(&issuer),
        "oidc-issuer must begin with https:// (http:// only on this very machine)"
    );
    let client_id = s.oidc_client_id.clone().filter(|id| !id.is_empty());
    let client_id = client_id.context("oidc-issuer needs oidc-client-id, as the provider gave it")?;
    let Some(secret) = s.oidc_client_secret.clone().filter(|secret| !secret.is_empty()) else {
        bail!("oidc-issuer needs the client's secret: oidc_client_secret in the file, or {SECRET_VARIABLE}");
    };
    let name = s.oidc_name.clone().unwrap_or_else(|| NAME.to_owned());
    ensure!(
        (1..=NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control),
        "oidc-name must be one line of 1 to {NAME_CHARS} characters"
    );
    let (flow, redirect) =
        (s.oidc_flow.unwrap_or_default(), s.oidc_redirect.clone().filter(|to| !to.is_empty()));
    if let Some(redirect) = &redirect {
        ensure!(
            may_be_called(redirect) && redirect.ends_with(CALLBACK),
            "oidc-redirect is this server's address for browsers with {CALLBACK}, like https://chat.example.org{CALLBACK}"
        );
    }
    ensure!(
        flow != Flow::Browser || redirect.is_some(),
        "oidc-flow browser needs oidc-redirect, like https://chat.example.org{CALLBACK}"
    );
    Ok(Some(SsoSettings {
        issuer,
        client_id,
        client_secret: Secret::new(secret),
        name,
        flow,
        redirect,
        registration: s.oidc_registration.unwrap_or_default(),
        required: s.oidc_required.unwrap_or_default(),
        claim: s.oidc_claim.clone().unwrap_or_else(|| CLAIM.to_owned()),
    }))
}
