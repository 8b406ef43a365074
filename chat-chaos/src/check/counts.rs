//! Heads, members, read marks, unread messages and mentions: the server's counters against its log.

use chat_proto::{Conversation, Event, Seq, UserId};

use super::ledger::{Ledger, Outcome, op_of};
use super::members::{is_there, stays};
use super::{End, Findings};
use crate::history::Act;

pub(super) fn check(ledger: &Ledger<'_>, end: &End, findings: &mut Findings) {
    for (client, view) in &end.fresh {
        let Some(who) = end.people.get(*client) else { continue };
        for (conversation, row) in &view.rows {
            let Some(log) = end.logs.get(conversation) else { continue };
            let name = format!("client {client} in {conversation}");
            let said = [row.head.0, row.members, row.unread, row.mentions];
            let counted = counted(ledger, end, log, row, who.id, who.name.as_str());
            if said != counted {
                findings.add(format!(
                    "{name}: head, members, unread, mentions are {said:?}, and the log says {counted:?} (read {})",
                    row.read.0
                ));
            }
            let last = log.iter().rfind(|event| is_main(event));
            if row.last_message.as_ref() != last {
                findings.add(format!("{name}: the last message is {:?}, not {last:?}", row.last_message));
            }
            let read = acknowledged(ledger, *client, row);
            if row.read < read || row.read > row.head {
                findings.add(format!("{name}: read up to {}, told {} of {}", row.read.0, read.0, row.head.0));
            }
        }
    }
}

fn is_main(event: &Event) -> bool {
    event.message().is_some_and(|message| message.thread.is_none())
}

fn counted(
    ledger: &Ledger<'_>,
    end: &End,
    log: &[Event],
    row: &Conversation,
    me: UserId,
    name: &str,
) -> [u64; 4] {
    let stays = stays(end, row.id);
    let members = stays.values().filter(|of| is_there(of)).count() as u64;
    let was_there = |seq: Seq| {
        let mine = stays.get(&me).map_or(&[][..], Vec::as_slice);
        mine.iter().any(|(from, to)| *from <= seq && to.is_none_or(|to| seq <= to))
    };
    let new = || log.iter().filter(|event| event.seq > row.read && event.author.id != me);
    let unread = new().filter(|event| is_main(event)).count() as u64;
    let mentions = new()
        .filter(|event| event.message().is_some() && was_there(event.seq) && called(ledger, event, name))
        .count() as u64;
    [log.len() as u64, members, unread, mentions]
}

/// Whether the message called somebody when it was written; what was edited since does not count.
fn called(ledger: &Ledger<'_>, event: &Event, name: &str) -> bool {
    let written = event.message().and_then(|message| op_of(message.body.as_str()));
    let Some(deed) = written.and_then(|op| ledger.deeds.get(&op)) else { return false };
    matches!(deed.act, Act::Send { body, .. } if body.split(' ').any(|word| word.strip_prefix('@') == Some(name)))
}

/// How far the person was told that they had read, since they came in last. An engine keeps a mark and tells
/// it later, unless it is killed first; so of an engine only its last life counts.
fn acknowledged(ledger: &Ledger<'_>, client: usize, row: &Conversation) -> Seq {
    let last = ledger.lives.get(&client).copied().unwrap_or_default();
    let marks = ledger.deeds.values().filter(|deed| deed.client == client && deed.life == last);
    let of_here =
        marks.filter(|deed| matches!(deed.act, Act::Read { conversation, .. } if *conversation == row.id));
    let done = of_here.filter_map(|deed| match deed.outcome {
        Outcome::Done(seq) => seq,
        _ => None,
    });
    done.max().unwrap_or_default()
}
