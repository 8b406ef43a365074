//! `search`: what the server finds in one's conversations.

use std::collections::HashMap;

use chat_client::link::Link;
use chat_proto::{Conversation, ConversationId, GetConversation, Search, SearchOrder, SearchQuery, Welcome};

use super::args::SearchArgs;
use super::failure::Failure;
use super::output::{Output, local_time, title};
use super::who::Who;

/// Pages that one command asks for; a page may be short while there are more.
const PAGES: usize = 100;

/// Prints the messages that fit, the best first, or the newest.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn search(who: &Who, args: SearchArgs, out: &mut Output) -> Result<(), Failure> {
    let query = args.query.join(" ");
    SearchQuery::parse(&query).map_err(Failure::usage)?;
    let (mut link, welcome) = who.link().await?;
    let printed = print(&mut link, &welcome, query, &args, out).await;
    link.close().await;
    printed
}

async fn print(
    link: &mut Link,
    welcome: &Welcome,
    query: String,
    args: &SearchArgs,
    out: &mut Output,
) -> Result<(), Failure> {
    let mut titles: HashMap<ConversationId, String> = welcome.conversations.iter().map(named).collect();
    let order = Some(if args.newest { SearchOrder::Newest } else { SearchOrder::Best });
    let (mut cursor, mut left) = (None, args.limit);
    for _ in 0..PAGES {
        let ask = Search { query: query.clone(), order, cursor, limit: Some(left) };
        let page = link.request(ask).await?;
        for hit in &page.hits {
            let id = hit.event.conversation;
            if !titles.contains_key(&id) {
                titles.extend([named(&link.request(GetConversation { conversation: id }).await?)]);
            }
            out.put(hit, || {
                let place = titles.get(&id).map_or("?", String::as_str);
                let time = local_time(hit.event.at, "%Y-%m-%d %H:%M");
                format!("{time} {place}:{} {}: {}", hit.event.seq, hit.event.author.name, hit.snippet)
            })?;
        }
        left = left.saturating_sub(u32::try_from(page.hits.len()).unwrap_or(left));
        if page.indexing {
            eprintln!(
                "chat-cli: the server is still reading its old messages; search again later for all of them"
            );
        }
        match page.cursor {
            Some(next) if left > 0 => cursor = Some(next),
            _ => break,
        }
    }
    Ok(())
}

fn named(conversation: &Conversation) -> (ConversationId, String) {
    (conversation.id, title(conversation))
}
