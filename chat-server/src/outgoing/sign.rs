//! Signatures by the Standard Webhooks specification, version 1.0.0: HMAC-SHA256 over
//! `id.timestamp.body` with the key that follows `whsec_` in the secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chat_proto::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What stands before the key in a secret.
const PREFIX: &str = "whsec_";

/// A new secret: 256 random bits. The specification asks for 192 to 512.
#[must_use]
pub fn new_secret() -> Secret {
    Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(rand::random::<[u8; 32]>())))
}

/// The value of `webhook-signature`; `None` for what is no secret of ours.
pub(super) fn signature(secret: &Secret, id: &str, timestamp_s: i64, body: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp_s}.").as_bytes());
    mac.update(body.as_bytes());
    Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature(&Secret::new("nonsense"), "a", 1, "{}"), None);
    }

    #[test]
    fn secrets_are_random_and_can_be_used() {
        let (one, other) = (new_secret(), new_secret());
        assert_ne!(one, other);
        assert!(signature(&one, "a", 1, "{}").is_some());
        assert_ne!(signature(&one, "a", 1, "{}"), signature(&other, "a", 1, "{}"));
    }
}
