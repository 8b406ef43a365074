//! Where a look into the store begins: somewhat before where the last ones came to.
//!
//! A row gets its number before it is committed, so a lower number can come to sight after a higher one, as late
//! as its commit takes: where the database or the way to it stands still in the middle of one, many seconds.
//! So a look begins where all whose numbers are lower have ended, by the database's own account.
//!
//! For the log that is exact: whoever writes an event holds its conversation's row first, so the transaction is
//! in that account before the event has its number. What nodes tell each other is written without holding anything.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::NewsPosition;

/// So far back each look for news begins at least: their numbers are a moment older than their transaction's.
const OVERLAP: Duration = Duration::from_secs(5);

/// And at most, or one who never ends (an import of hours) would have everything looked through ever again. What
/// comes later than this is told with the next event of its conversation.
const LONGEST: Duration = Duration::from_secs(120);

/// See the module. The last is the newest.
pub(super) struct Positions(VecDeque<(Instant, NewsPosition)>);

impl Positions {
    pub(super) fn new(now: Instant, first: NewsPosition) -> Self {
        Self(VecDeque::from([(now, first)]))
    }

    /// A look at that time came to here.
    pub(super) fn came_to(&mut self, now: Instant, position: NewsPosition) {
        self.0.push_back((now, position));
    }

    /// Where a look at this time begins; what lies before is over.
    pub(super) fn begin(&mut self, now: Instant) -> NewsPosition {
        let ended = self.0.back().map_or(0, |(_, last)| last.ended);
        // Whoever had a number then had begun then.
        let is_over =
            |(at, next): &(Instant, NewsPosition)| next.begun <= ended || now.duration_since(*at) >= LONGEST;
        while self.0.get(1).is_some_and(|next| is_over(next) && now.duration_since(next.0) >= OVERLAP) {
            self.0.pop_front();
        }
        let news = self.0.front().map(|(_, position)| *position).unwrap_or_default();
        let log = self.0.iter().skip(1).take_while(|next| is_over(next)).last();
        NewsPosition { log: log.map_or(news.log, |(_, position)| position.log), ..news }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_begins_where_all_that_had_begun_then_have_ended() {
        let begin = Instant::now();
        let at = |second: u64| begin + Duration::from_secs(second);
        let mut positions = Positions::new(at(0), NewsPosition::default());
        let (mut began_at, mut began_log_at) = (Vec::new(), Vec::new());
        for second in 1..200 {
            let number = i64::try_from(second).unwrap();
            let begins = positions.begin(at(second));
            began_at.push(begins.news);
            began_log_at.push(begins.log);
            // Transaction 10 takes twenty seconds; transaction 50 does not come to an end.
            let ended = match second {
                10..30 => 10,
                50.. => 50,
                _ => number,
            };
            positions.came_to(at(second), NewsPosition { news: number, log: number, begun: number, ended });
        }
        let (began_at, began_log_at) =
            (|second: usize| began_at[second - 1], |second: usize| began_log_at[second - 1]);
        assert_eq!((began_at(4), began_at(9)), (0, 4), "by five seconds");
        assert_eq!((began_at(16), began_at(30)), (10, 10), "as long as it takes");
        assert_eq!(began_at(31), 26, "and the look after its end goes by it as well");
        assert_eq!((began_at(60), began_at(150)), (50, 50));
        assert_eq!(began_at(190), 70, "not without end");
        assert_eq!((began_log_at(2), began_log_at(9)), (1, 8), "the log by no time at all");
        assert_eq!((began_log_at(16), began_log_at(30)), (10, 10), "as long as it takes");
        assert_eq!((began_log_at(31), began_log_at(60)), (30, 50));
        assert_eq!(began_log_at(190), 70, "not without end");
    }
}
