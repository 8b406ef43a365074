//! Who may fetch a file, and who finds nothing there.

use anyhow::Result;
use chat_tests::http::{Answer, Http};
use chat_tests::{Script, uuid};
use serde_json::json;

use super::super::{ada_and_lin, bring_in, kick, private_room, register_as};
use super::{PICTURE, http, send};

/// What somebody finds in the file's place: the same whether it is there or not.
fn finds_nothing(who: &str, http: &Http, file: &str) -> Result<()> {
    let absent = http.get(&uuid(), &[])?;
    assert_eq!(absent.status, 404, "{who}");
    let same = |answer: &Answer| (answer.status, answer.body.clone(), answer.header("etag").is_none());
    let path = format!("/files/{file}");
    for (path, headers) in [
        (path.clone(), &[][..]),
        (path.clone(), &[("Range", "bytes=0-1")][..]),
        (format!("{path}/thumbnail"), &[][..]),
    ] {
        let answer = http.ask("GET", &path, headers, b"")?;
        assert_eq!(same(&answer), same(&absent), "{who} {path} {headers:?}");
    }
    assert_eq!(http.ask("HEAD", &path, &[], b"")?.status, 404, "{who}");
    assert_eq!(http.offset(file)?, None, "{who}");
    assert_eq!(http.patch(file, 0, b"x")?.status, 404, "{who}");
    let deleted = http.ask("DELETE", &path, &[("Tus-Resumable", "1.0.0")], b"")?;
    assert_eq!(deleted.status, 404, "{who}");
    Ok(())
}

#[test]
fn a_file_is_there_for_members_and_for_nobody_else() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let (mut left, mut removed) = (Script::register(&server, "left")?, Script::register(&server, "removed")?);
    let (stranger, guest) = (Script::register(&server, "eve")?, register_as(&server, "guest", "guest")?);
    let id = private_room("plans", &mut ada, &mut [&mut lin, &mut left, &mut removed])?;
    let file = http(&server, &ada).upload("plan.png", PICTURE)?;
    // Before it is sent it is its owner's alone.
    finds_nothing("lin, before it was sent", &http(&server, &lin), &file)?;
    let seq = send(&mut ada, &id, "", &[&file])?;
    for member in [&ada, &lin, &left, &removed] {
        assert_eq!(http(&server, member).get(&file, &[])?.status, 200, "{}", member.name());
    }
    left.ok("room.leave", json!({"conversation": id}))?;
    kick(&mut ada, &id, "removed")?;
    for other in [&stranger, &guest, &left, &removed] {
        finds_nothing(&other.name(), &http(&server, other), &file)?;
    }
    // A member who is no owner fetches, and changes nothing.
    let of_lin = http(&server, &lin);
    assert_eq!(of_lin.patch(&file, 0, b"x")?.status, 404);
    assert_eq!(lin.refused("file.delete", json!({"file": file}))?, "not_found");

    bring_in(&mut ada, &id, &mut left)?;
    assert_eq!(http(&server, &left).get(&file, &[])?.status, 200, "whoever is back sees it again");
    ada.ok("message.delete", json!({"conversation": id, "seq": seq}))?;
    for former in [&ada, &lin, &left] {
        finds_nothing(&format!("{}, after the deletion", former.name()), &http(&server, former), &file)?;
    }
    Ok(())
}

#[test]
fn without_a_login_there_is_nothing() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let file = http(&server, &ada).upload("plan.png", PICTURE)?;
    let old = http(&server, &ada);
    for (who, http) in [("nobody", Http::stranger(&server)), ("a guess", Http::new(&server, "guess"))] {
        let refused = http.get(&file, &[])?;
        assert_eq!((refused.status, refused.header("www-authenticate").is_some()), (401, who == "a guess"));
        assert_eq!(http.try_upload("a.txt", 1)?.status, 401, "{who}");
        assert_eq!(http.patch(&file, 0, b"x")?.status, 401, "{who}");
        assert_eq!(http.get(&uuid(), &[])?.status, 401, "{who}: not even that");
        let in_url = http.get(&format!("{file}?token={}", ada.own_token()), &[])?;
        assert_eq!(in_url.status, 401, "{who}: a URL proves nothing");
    }
    ada.ok("auth.logout", json!({}))?;
    assert_eq!(old.get(&file, &[])?.status, 401, "the token ended with its session");
    Ok(())
}
