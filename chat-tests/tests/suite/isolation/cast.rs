//! Who is in the room and who is not, and all that there is to find in it.

use super::*;

/// What there is to be seen.
pub(super) struct World {
    /// A private room.
    pub(super) room: String,
    /// A direct of member and mo.
    pub(super) direct: String,
    /// A message by member in the room, edited and pinned, with a thread under it.
    pub(super) seq: u64,
    /// A report of a message by member in the room.
    pub(super) report: String,
    pub(super) epoch: String,
    pub(super) people: Vec<String>,
    /// Webhooks of the room.
    pub(super) incoming: String,
    pub(super) outgoing: String,
}

pub(super) struct Cast {
    pub(super) server: Server,
    pub(super) insiders: Vec<Script>,
    pub(super) outsiders: Vec<Script>,
    pub(super) victim: Script,
    /// Answers commands in the room.
    pub(super) _bot: Script,
    pub(super) world: World,
}

impl Cast {
    pub(super) fn insider(&mut self, name: &str) -> &mut Script {
        let at = INSIDERS.iter().position(|insider| *insider == name).expect("an insider");
        &mut self.insiders[at]
    }

    /// What the request before may have taken away is there again.
    pub(super) fn restore(&mut self, kind: RequestKind) -> Result<()> {
        let room = self.world.room.clone();
        match kind {
            RequestKind::DeleteMessage => self.world.seq = say(self.insider("member"), &room, "hush again")?,
            RequestKind::MuteMember => {
                let payload = json!({"conversation": room, "user": "victim"});
                self.insider("owner").ok("member.unmute", payload)?;
            }
            RequestKind::RemoveMember | RequestKind::BanMember => {
                let payload = json!({"conversation": room, "user": "victim"});
                self.insider("owner").ok("member.unban", payload)?;
                let Cast { insiders, victim, .. } = self;
                bring_in(&mut insiders[5], &room, victim)?;
            }
            RequestKind::DeleteIncoming => {
                self.world.incoming = incoming(self.insider("owner"), &room)?;
            }
            RequestKind::DeleteOutgoing => {
                self.world.outgoing = outgoing(self.insider("owner"), &room)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn incoming(owner: &mut Script, room: &str) -> Result<String> {
    let name = format!("h{}", &uuid()[24..]);
    let made = owner.ok("incoming.create", json!({"conversation": room, "name": name}))?;
    Ok(text(&made["hook"]["id"]))
}

fn outgoing(owner: &mut Script, room: &str) -> Result<String> {
    let made = owner.ok("outgoing.create", json!({"conversation": room, "url": NOBODY}))?;
    Ok(text(&made["hook"]["id"]))
}

pub(super) fn cast() -> Result<Cast> {
    // Everybody asks all there is to ask, as fast as it goes.
    let more = ["--allow-private-hooks", "--request-burst", "2000"].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    // The first account owns the server, which makes nobody a member of anything.
    let chief = Script::register(&server, "chief")?;
    let role = |name: &str| match name {
        "guest" | "foreigner" => "guest",
        "boss" => "admin",
        _ => "member",
    };
    let mut insiders =
        INSIDERS.iter().map(|name| register_as(&server, name, role(name))).collect::<Result<Vec<_>>>()?;
    let mut outsiders = OUTSIDERS[..6]
        .iter()
        .map(|name| register_as(&server, name, role(name)))
        .collect::<Result<Vec<_>>>()?;
    outsiders.push(chief);
    let mut victim = Script::register(&server, "victim")?;

    let (others, owner) = insiders.split_at_mut(5);
    let [owner, muted] = owner else { anyhow::bail!("the last two are the owner and the muted one") };
    let id = private_room("secret", owner, &mut [&mut victim])?;
    for other in &mut *others {
        bring_in(owner, &id, other)?;
    }
    bring_in(owner, &id, muted)?;
    owner.ok("member.mute", json!({"conversation": id, "user": "muted"}))?;
    set_role(owner, &id, "reader", "read-only")?;
    set_role(owner, &id, "mo", "moderator")?;
    let member = &mut others[2];
    let direct = text(&member.ok("direct.open", json!({"user": "mo"}))?["id"]);
    say(member, &direct, "hush, you")?;
    let seq = say(member, &id, "hush")?;
    say_with(member, &id, "hush, in a thread", json!({"thread": seq}))?;
    member.ok("message.edit", about(&id, seq, json!({"body": "hush, everybody"})))?;
    member.ok("message.pin", about(&id, seq, json!({"on": true})))?;
    member.ok("room.topic", json!({"conversation": id, "topic": "hush hush"}))?;

    for at in [2, 3, 5] {
        bring_in(owner, &id, &mut outsiders[at])?;
    }
    outsiders[2].ok("room.leave", json!({"conversation": id}))?;
    kick(owner, &id, "removed")?;
    owner.ok("member.ban", json!({"conversation": id, "user": "banned", "reason": "spam"}))?;
    others[0].ok("report.create", json!({"conversation": id, "seq": seq}))?;
    let report = text(&owner.ok("report.list", json!({"conversation": id}))?["reports"][0]["id"]);
    owner.ok("room.topic", json!({"conversation": id, "topic": "more"}))?;
    owner.ok("room.invite", json!({"conversation": id, "user": "invited"}))?;

    let mut bot = bot(&server, owner, "robo", &["read", "commands"])?;
    owner.ok("room.invite", json!({"conversation": id, "user": "robo"}))?;
    bot.ok("command.register", json!({"commands": [{"name": "deploy"}]}))?;
    let (incoming, outgoing) = (incoming(owner, &id)?, outgoing(owner, &id)?);

    let epoch = text(&owner.welcome()["epoch"]);
    let people = insiders.iter().map(Script::user_id).collect();
    for script in insiders.iter_mut().chain(&mut outsiders) {
        // Whatever the room's shard answers now comes behind all that it has told so far.
        _ = script.request("read.mark", json!({"conversation": id, "seq": 0}))?;
        script.forget()?;
    }
    let world = World { room: id, direct, seq, report, epoch, people, incoming, outgoing };
    Ok(Cast { server, insiders, outsiders, victim, _bot: bot, world })
}
