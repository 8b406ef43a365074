//! Finding a day in a conversation: by halves, because numbers and times grow together.

use chat_client::{Anchor, Client, RequestError};
use chat_proto::{ConversationId, Seq, Timestamp};

/// Events asked for at each step.
const STEP: u32 = 2;

/// Events among which the first message is looked for.
const NEAR: u32 = 50;

/// Halves that a number of 64 bits has.
const STEPS: u32 = 64;

/// The first message that is not older than this; where nothing was written on the day, it is of the
/// next day that has something.
pub(super) async fn find(
    client: &Client,
    conversation: ConversationId,
    head: Seq,
    from: Timestamp,
) -> Result<Option<Seq>, RequestError> {
    let (mut low, mut high) = (Seq::ZERO, head);
    let mut found = None;
    for _ in 0..STEPS {
        if low >= high {
            break;
        }
        let middle = Seq(low.0 + (high.0 - low.0) / 2);
        let page = client.history(conversation, Anchor::After(middle), STEP).await?;
        let Some(event) = page.events.into_iter().find(|event| event.seq > middle) else {
            high = middle;
            continue;
        };
        if event.at >= from {
            (high, found) = (middle, Some(event.seq));
        } else {
            low = event.seq;
        }
    }
    let Some(first) = found else { return Ok(None) };
    // What only changes an older message would lead to that one.
    let before = Seq(first.0.saturating_sub(1));
    let page = client.history(conversation, Anchor::After(before), NEAR).await?;
    let message = page.events.into_iter().find(|event| event.seq >= first && event.body().is_some());
    Ok(Some(message.map_or(first, |event| event.seq)))
}
