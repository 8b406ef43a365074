//! Whose rights were taken: a second later they hear nothing more, are not let in, and hold no connection.

use super::ledger::Ledger;
use super::{End, Findings};

pub(super) fn check(_: &Ledger<'_>, end: &End, findings: &mut Findings) {
    for outcast in &end.outcasts {
        let what = format!("{} on node {} ({:?})", outcast.name, outcast.node, outcast.how);
        if let Some(marker) = outcast.marker.filter(|marker| outcast.heard >= *marker) {
            findings.add(format!(
                "{what} heard {} of the room, and all from {} on was written a second after it was done",
                outcast.heard.0, marker.0
            ));
        }
        for at_us in &outcast.late_logins {
            findings.add(format!(
                "{what} was let in at {at_us} us; it was done a second before {} us",
                outcast.since_us
            ));
        }
        if outcast.how.ends_logins() && outcast.is_online {
            findings.add(format!("{what} is still connected"));
        }
        if !outcast.let_in_by.is_empty() {
            findings.add(format!("{what} is let in by the nodes {:?}", outcast.let_in_by));
        }
    }
}
