//! The second factor: codes of an authenticator (RFC 6238), and recovery codes.

use chat_proto::{Secret, Timestamp, limits};
use totp_rs::{Builder, Totp};

use super::{SecretHash, grouped};

/// Bits of a secret: as many as the hash behind the codes has, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// Steps that the authenticator's clock may be early or late.
const SKEW: u16 = 1;

/// Groups of four letters in a recovery code: 60 random bits, each guess of which waits.
const RECOVERY_GROUPS: usize = 3;

/// A new secret.
#[must_use]
pub fn new_totp_secret() -> Vec<u8> {
    rand::random::<[u8; SECRET_BYTES]>().to_vec()
}

/// The secret as a person types it, and as an address for a QR code.
///
/// # Errors
/// If a name cannot be in such an address.
pub fn enrolment(secret: &[u8], team: &str, name: &str) -> anyhow::Result<(Secret, Secret)> {
    // A colon divides the two.
    let (team, name) = (team.replace(':', " "), name.replace(':', " "));
    let totp = builder(secret).with_issuer(Some(team)).with_account_name(name).build()?;
    Ok((Secret::new(totp.secret().to_base32()), Secret::new(totp.to_url()?)))
}

/// The step of which this is the code, as of now.
#[must_use]
pub fn step_of(secret: &[u8], code: &Secret, now: Timestamp) -> Option<u64> {
    let totp: Totp = builder(secret).build().ok()?;
    let digits: String = code.expose().chars().filter(|c| !c.is_whitespace()).collect();
    totp.check(&digits, u64::try_from(now.0 / 1_000).ok()?)
}

/// New recovery codes.
#[must_use]
pub fn new_recovery_codes() -> Vec<Secret> {
    (0..limits::RECOVERY_CODES).map(|_| Secret::new(grouped(RECOVERY_GROUPS))).collect()
}

/// The hash under which a recovery code is stored, as people type it.
#[must_use]
pub fn recovery_hash(code: &Secret) -> SecretHash {
    SecretHash::of(&super::normal_invite_code(code.expose()))
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new().with_secret(secret.to_vec()).with_skew(SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, SHA-1, cut to six digits.
        let secret = b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let step = step_of(secret, &Secret::new(code), Timestamp(seconds * 1_000));
            assert_eq!(step, Some(u64::try_from(seconds).unwrap() / 30), "{code}");
        }
        let at = |seconds: i64| step_of(secret, &Secret::new("287 082"), Timestamp(seconds * 1_000));
        assert_eq!(at(89), Some(1), "one step late");
        assert_eq!(at(29), Some(1), "one step early");
        assert_eq!(at(121), None);
        assert_eq!(step_of(secret, &Secret::new("28708２"), Timestamp(59_000)), None);
    }

    #[test]
    fn an_authenticator_is_told_the_team_and_the_name() {
        let (typed, url) = enrolment(b"12345678901234567890", "Acme: Rockets", "ada").unwrap();
        assert_eq!(typed.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(url.expose().starts_with("otpauth://totp/Acme%20%20Rockets:ada?secret=GEZDGNBV"));
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        let codes = new_recovery_codes();
        assert_eq!(codes.len(), limits::RECOVERY_CODES);
        let typed = codes[0].expose().replace('-', "").to_lowercase();
        assert_eq!(recovery_hash(&Secret::new(typed)), recovery_hash(&codes[0]));
        assert_ne!(recovery_hash(&codes[1]), recovery_hash(&codes[0]));
    }
}
