//! What a browser brings back from the provider, and the page that the person sees. The page holds
//! nothing active and nothing from elsewhere, and what stands in it is escaped.

use chat_proto::Secret;

/// Longest query that is read; codes of providers have up to two kilobytes.
const QUERY_BYTES: usize = 8 * 1024;

/// What the provider sends a browser back with.
pub(super) struct Returned {
    pub(super) state: Secret,
    /// The code, or the provider's word for why there is none.
    pub(super) outcome: Result<Secret, String>,
    /// Who answers (RFC 9207), where it says so.
    pub(super) issuer: Option<String>,
}

impl Returned {
    pub(super) fn read(query: &str) -> Option<Self> {
        if query.len() > QUERY_BYTES {
            return None;
        }
        let (mut state, mut code, mut error, mut issuer) = (None, None, None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "state" => state = Some(Secret::new(value)),
                "code" => code = Some(Secret::new(value)),
                "error" => error = Some(value.into_owned()),
                "iss" => issuer = Some(value.into_owned()),
                _ => {}
            }
        }
        let outcome = match (code, error) {
            (Some(code), None) => Ok(code),
            (None, Some(error)) => Err(error),
            _ => return None,
        };
        Some(Self { state: state?, outcome, issuer })
    }
}

/// A page for the person at the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Whether it went well.
    pub good: bool,
    /// The page.
    pub html: String,
}

impl Page {
    pub(super) fn confirm(provider: &str, code: &Secret) -> Self {
        let text = format!(
            "<h1>{}</h1><p>{} says who you are. To log in, type this code into the terminal in which \
             <em>you</em> began:</p><p><strong><code>{}</code></strong></p><p>Then you can close this page.</p>\
             <p>Did somebody else send you here? Then close it and tell nobody the code: \
             who has it would be logged in as you.</p>",
            "One more step",
            escaped(provider),
            escaped(code.expose()),
        );
        Self::new(true, &text)
    }

    pub(super) fn failed(provider: &str) -> Self {
        let text = format!(
            "<h1>Not logged in</h1><p>{} did not say who you are. The terminal says more; begin there again.</p>",
            escaped(provider)
        );
        Self::new(false, &text)
    }

    /// For a login that is not there.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new(
            false,
            "<h1>Not logged in</h1><p>This login is unknown, over, or was used already. Begin again in the terminal.</p>",
        )
    }

    fn new(good: bool, body: &str) -> Self {
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Logging in</title>\
             <meta name=\"viewport\" content=\"width=device-width\"></head><body>{body}</body></html>\n"
        );
        Self { good, html }
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_page_is_markup_of_others() {
        let page = Page::confirm("<script>\"'&", &Secret::new("ABCD-EFGH"));
        assert!(page.html.contains("&lt;script&gt;&quot;&#39;&amp;") && page.html.contains("ABCD-EFGH"));
    }

    #[test]
    fn what_comes_back_is_either_a_code_or_a_refusal() {
        assert!(Returned::read("code=a&state=b").is_some_and(|returned| returned.outcome.is_ok()));
        assert!(
            Returned::read("error=access_denied&state=b").is_some_and(|returned| returned.outcome.is_err())
        );
        for bad in ["", "code=a", "state=b", "code=a&error=b&state=c"] {
            assert!(Returned::read(bad).is_none(), "{bad}");
        }
        assert!(Returned::read(&format!("code=a&state={}", "b".repeat(QUERY_BYTES))).is_none());
    }
}
