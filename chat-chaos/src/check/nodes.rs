//! Whichever node somebody comes to, they are given the same.

use super::ledger::Ledger;
use super::{End, Findings};

pub(super) fn check(_: &Ledger<'_>, end: &End, findings: &mut Findings) {
    for (node, views) in &end.elsewhere {
        for (client, view) in views {
            let Some(first) = end.fresh.get(client) else { continue };
            let name = format!("client {client} on node {node}");
            let (here, there): (Vec<_>, Vec<_>) = (view.rows.keys().collect(), first.rows.keys().collect());
            if here != there {
                findings.add(format!("{name} is given {here:?}, and on the first {there:?}"));
            }
            for (conversation, row) in &view.rows {
                if let Some(other) = first.rows.get(conversation).filter(|other| *other != row) {
                    findings.add(format!("{name} is given {row:?}, and on the first {other:?}"));
                }
            }
            for (conversation, log) in &view.logs {
                if first.logs.get(conversation).is_some_and(|other| other != log) {
                    findings.add(format!("{name} reads another log of {conversation} than on the first"));
                }
            }
        }
    }
}
