//! Who hears that the doors were shut; and who is too fast, on however many connections.

use serde_json::json;

use super::Running;

#[tokio::test]
async fn the_other_admins_hear_of_a_lockdown_and_members_do_not() {
    let server = Running::start().await;
    // The first account of an open server is its owner's.
    let mut ada = server.user("ada").await;
    let (mut max, mut lin) = (server.user("max").await, server.user("lin").await);
    ada.ask("user.role", json!({"user": "max", "role": "admin"})).await;
    // Another role ends what is open.
    assert_eq!(max.close_code().await, 4003);
    let mut max = server.another_device("max").await;
    let mut second = server.another_device("ada").await;
    for on in [true, false] {
        let answer = ada.ask("server.lockdown", json!({"on": on})).await;
        assert_eq!(answer["since"].is_i64(), on, "{answer}");
        for admin in [&mut max, &mut second] {
            let told = loop {
                let frame = admin.next().await;
                if frame["type"] == "lockdown" {
                    break frame;
                }
            };
            assert_eq!(told["payload"], answer);
        }
    }
    // Who changes nothing tells nobody; and what is told comes before later answers.
    ada.ask("server.lockdown", json!({"on": false})).await;
    for other in [&mut lin, &mut max] {
        let id = other.say("ping", json!({})).await;
        loop {
            let frame = other.next().await;
            assert_ne!(frame["type"], "lockdown", "{frame}");
            if frame["id"] == id.as_str() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_account_has_its_pace_on_all_its_connections_together() {
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let mut second = server.another_device("ada").await;
    let mut refused = None;
    for n in 0..200 {
        let device = if n % 2 == 0 { &mut ada } else { &mut second };
        let reply = device.reply("search", json!({"query": "umbrella"})).await;
        if reply["type"] == "error" {
            refused = Some(reply["payload"].clone());
            break;
        }
    }
    let refused = refused.expect("nobody was too fast");
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0);
    lin.ask("search", json!({"query": "umbrella"})).await;
    ada.ask("ping", json!({})).await;
}
