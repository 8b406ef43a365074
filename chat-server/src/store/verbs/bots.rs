//! Bots and their slash commands.

use chat_proto::{
    BotCommand, BotInfo, CommandName, CommandSpec, ConversationId, Person, Scope, Scopes, Timestamp, Topic,
    UserId, limits,
};

use super::{Store, lists, nodes, row};
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{Act, BotAccount, NewBot, NewToken, Standing, StoreError};

/// What stands in place of a password: no hash, so no password fits.
const NO_PASSWORD: &str = "!";

impl Store {
    /// Makes a bot; `None` if its maker has as many as they may.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the name is taken or looks like one that is.
    pub async fn create_bot(&self, bot: NewBot) -> Result<Option<Person>, StoreError> {
        self.write(move |db| {
            let count: i64 = db
                .prepare_cached("SELECT count(*) FROM bots WHERE owner = ?1")?
                .query_row([bot.account.maker.0], |r| r.get(0))?;
            if count >= row::int(limits::BOTS_PER_PERSON as u64) {
                return Ok(None);
            }
            let person = open_account(db, &bot.account)?;
            db.prepare_cached("INSERT INTO bots (user, owner, scopes, created_at) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![
                    person.id.0,
                    bot.account.maker.0,
                    bot.scopes.to_string(),
                    bot.account.at.0
                ])?;
            put_token(db, person.id, &bot.token)?;
            Ok(Some(person))
        })
        .await
    }

    /// The bots of this person, or all, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn bots(&self, owner: Option<UserId>) -> Result<Vec<BotInfo>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(&format!(
                "{BOT} WHERE (?1 IS NULL OR b.owner = ?1) ORDER BY u.name LIMIT ?2"
            ))?;
            let most = i64::from(limits::LIST_PAGE);
            let bots = query
                .query_map(params![owner.map(|owner| owner.0), most], bot)?
                .collect::<sql::Result<_>>()?;
            Ok(bots)
        })
        .await
    }

    /// One bot, if it has not ended.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn bot(&self, user: UserId) -> Result<Option<BotInfo>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(&format!("{BOT} WHERE b.user = ?1"))?;
            Ok(query.query_row([user.0], bot).optional()?)
        })
        .await
    }

    /// Whether a bot account has not ended; one of an incoming webhook lives with it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn is_live_bot(&self, user: UserId) -> Result<bool, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM bots WHERE user = ?1) OR EXISTS (SELECT 1 FROM incoming WHERE bot = ?1)",
            )?;
            Ok(query.query_row([user.0], |r| r.get(0))?)
        })
        .await
    }

    /// Gives a bot another token, which ends those before, and other scopes.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn rotate_token(&self, bot: UserId, scopes: Scopes, token: NewToken) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("UPDATE bots SET scopes = ?2 WHERE user = ?1")?
                .execute(params![bot.0, scopes.to_string()])?;
            db.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([bot.0])?;
            nodes::keep(db, Act::Logins(bot))?;
            put_token(db, bot, &token)?;
            Ok(())
        })
        .await
    }

    /// Ends a bot with its token and commands, and gives the rooms that it is in.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_bot(&self, bot: UserId) -> Result<Vec<ConversationId>, StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([bot.0])?;
            nodes::keep(db, Act::Logins(bot))?;
            db.prepare_cached("DELETE FROM bots WHERE user = ?1")?.execute([bot.0])?;
            db.prepare_cached("DELETE FROM invitations WHERE user = ?1")?.execute([bot.0])?;
            let mut rooms = db.prepare_cached(
                "SELECT c.id FROM members m JOIN conversations c ON c.id = m.conversation
                 WHERE m.user = ?1 AND c.kind = 'room'",
            )?;
            let rooms = rooms.query_map([bot.0], |r| r.get(0).map(ConversationId))?;
            Ok(rooms.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// What somebody is in a conversation; `None` if they are not in it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn standing(
        &self,
        conversation: ConversationId,
        user: UserId,
    ) -> Result<Option<Standing>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT c.kind, m.role FROM members m JOIN conversations c ON c.id = m.conversation
                 WHERE m.conversation = ?1 AND m.user = ?2",
            )?;
            let standing = query.query_row(params![conversation.0, user.0], |r| {
                Ok(Standing { kind: super::log::kind(&r.get::<_, String>(0)?), role: row::room_role(r, 1)? })
            });
            Ok(standing.optional()?)
        })
        .await
    }

    /// Sets the slash commands of a bot.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if one name is there twice.
    pub async fn set_commands(&self, bot: UserId, commands: Vec<CommandSpec>) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM bot_commands WHERE bot = ?1")?.execute([bot.0])?;
            let mut insert = db.prepare_cached(
                "INSERT INTO bot_commands (bot, name, description, usage) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for command in commands {
                insert.execute(params![
                    bot.0,
                    command.name.as_str(),
                    command.description.as_str(),
                    command.usage.as_str()
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// The slash commands of the bots that are members of a conversation and may answer, by name
    /// and bot, at most a page; all, or those of one name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn commands(
        &self,
        conversation: ConversationId,
        name: Option<CommandName>,
    ) -> Result<Vec<BotCommand>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT u.id, u.name, u.bot, k.name, k.description, k.usage, b.scopes
                 FROM members m JOIN bots b ON b.user = m.user JOIN users u ON u.id = b.user
                     JOIN bot_commands k ON k.bot = b.user
                 WHERE m.conversation = ?1 AND (?3 IS NULL OR k.name = ?3) ORDER BY k.name, u.name LIMIT ?2",
            )?;
            let most = row::int(limits::LIST_PAGE.into());
            let rows = query.query_map(
                params![conversation.0, most, name.as_ref().map(CommandName::as_str)],
                |r| {
                    let may_answer = scopes(&r.get::<_, String>(6)?).has(Scope::Commands);
                    Ok(may_answer.then_some(BotCommand { bot: row::person(r, 0)?, command: command(r, 3)? }))
                },
            )?;
            Ok(rows.filter_map(Result::transpose).collect::<sql::Result<_>>()?)
        })
        .await
    }
}

/// A bot with its owner, for [`bot`].
const BOT: &str = "SELECT u.id, u.name, u.bot, o.id, o.name, o.bot, b.scopes, b.created_at
    FROM bots b JOIN users u ON u.id = b.user JOIN users o ON o.id = b.owner";

fn bot(r: &Row<'_>) -> sql::Result<BotInfo> {
    Ok(BotInfo {
        user: row::person(r, 0)?,
        owner: row::person(r, 3)?,
        scopes: scopes(&r.get::<_, String>(6)?),
        at: Timestamp(r.get(7)?),
    })
}

fn command(r: &Row<'_>, at: usize) -> sql::Result<CommandSpec> {
    let topic = |at| -> sql::Result<Topic> { lists::topic(r, at) };
    Ok(CommandSpec { name: row::parsed(r, at)?, description: topic(at + 1)?, usage: topic(at + 2)? })
}

/// Reads the words of the column.
pub(super) fn scopes(words: &str) -> Scopes {
    Scopes::from_words(words.split(','))
}

/// An account for a program: a new one, or one of the same maker that has ended.
pub(super) fn open_account(db: &Connection, account: &BotAccount) -> sql::Result<Person> {
    let ended = db
        .prepare_cached(
            "SELECT u.id, u.name, u.bot FROM users u WHERE u.name = ?1 AND u.bot = 1 AND u.maker = ?2
                 AND NOT EXISTS (SELECT 1 FROM bots WHERE user = u.id)
                 AND NOT EXISTS (SELECT 1 FROM incoming WHERE bot = u.id)",
        )?
        .query_row(params![account.name.as_str(), account.maker.0], |r| row::person(r, 0))
        .optional()?;
    if let Some(person) = ended {
        return Ok(person);
    }
    db.prepare_cached(
        "INSERT INTO users (id, name, skeleton, password, role, created_at, bot, maker)
         VALUES (?1, ?2, ?3, ?4, 'member', ?5, 1, ?6)",
    )?
    .execute(params![
        account.id.0,
        account.name.as_str(),
        account.skeleton,
        NO_PASSWORD,
        account.at.0,
        account.maker.0
    ])?;
    Ok(Person { id: account.id, name: account.name.clone(), bot: true })
}

fn put_token(db: &Connection, bot: UserId, token: &NewToken) -> sql::Result<()> {
    db.prepare_cached(
        "INSERT INTO sessions (id, user, token_hash, device, created_at, used_at) VALUES (?1, ?2, ?3, 'bot', ?4, ?4)",
    )?
    .execute(params![token.session.0, bot.0, token.hash.0, token.at.0])?;
    Ok(())
}
