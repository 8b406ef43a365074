//! The holes that others had, each with the tests that keep it shut here.
//!
//! A row is a class of weakness; behind it stand its tests, as `file::test` below the folders of the
//! tests, or below `src` for what is pure. [`every_test_of_the_table_exists`] reads the sources.
//!
//! | class | tests |
//! |---|---|
//! | web pages of others (CSWSH, CWE-1385) | `hostile::web_pages_from_elsewhere_are_refused` `security/door::a_page_of_another_host_needs_to_be_allowed_by_name` `security/door::no_cookie_is_set_or_read` |
//! | revocation does not reach what is open | `sign_in::sessions_are_listed_and_revoked_at_once` `sign_in::a_new_password_ends_all_other_sessions_and_says_why` `sign_in::a_session_that_nobody_uses_ends_with_its_connection` `administration::a_disabled_account_is_out_at_once_with_its_bots` `administration::a_new_role_holds_for_those_who_are_connected` `order::a_ban_from_the_server_cuts_live_connections_and_refuses_new_ones` `moderation::who_is_put_out_is_a_stranger_at_once_on_all_devices` `bots::a_new_token_ends_the_old_one_at_once` `security/live::whatever_ends_a_login_ends_its_transfers` `outgoing::nothing_is_told_to_the_webhooks_of_a_disabled_or_banned_account` |
//! | a second factor that a transport skips | `sign_in::no_request_gets_around_the_second_factor` `sign_in::a_second_factor_is_asked_for_and_each_code_is_good_once` `security/identity::half_a_login_is_none_on_any_transport` |
//! | a ban that resume forgets | `resume::rights_are_checked_again` `security/live::who_was_banned_meanwhile_resumes_nothing` |
//! | rights at joining, and what lists tell | `isolation::who_does_not_belong_finds_nothing_in_any_request` `isolation::each_request_in_a_room_is_granted_to_its_people_and_forbidden_to_the_others` `isolation::nothing_that_members_do_is_pushed_to_others` `isolation::a_public_room_shows_its_name_and_nothing_else` |
//! | history, files and changes by a known id (IDOR) | `isolation::who_does_not_belong_finds_nothing_in_any_request` `rights::a_file_is_there_for_members_and_for_nobody_else` `rights::without_a_login_there_is_nothing` `changes::only_the_author_edits_and_only_a_message_that_is_there` |
//! | identity confusion | `accounts::names_and_passwords_have_rules` `account::names_that_look_alike_have_one_skeleton` `security/identity::an_author_is_who_logged_in_whatever_the_frame_says` `security/identity::no_second_person_looks_like_the_first` |
//! | a flood of logins, lockout as a weapon | `security/flood::a_hundred_logins_at_once_are_answered_and_disturb_nobody` `sign_in::guessing_has_to_wait_and_the_rightful_one_comes_in` `guesses::who_logged_in_here_before_does_not_wait_for_a_guesser` `auth::a_flood_of_logins_is_refused_and_not_queued_without_end` |
//! | which names exist | `accounts::an_unknown_name_and_a_wrong_password_look_alike` `security/identity::an_unknown_name_costs_a_hash_like_a_known_one` |
//! | weak tokens, and how they are stored | `security/identity::tokens_and_codes_are_long_random_and_stored_as_hashes` `sign::secrets_are_random_and_can_be_used` `accounts::nothing_secret_is_stored_or_logged` `logs::nothing_that_people_write_or_keep_secret_is_logged_at_any_level` |
//! | secrets compared byte by byte | `security/identity::no_code_compares_secrets_by_itself` |
//! | around the login | `security/identity::before_the_login_every_other_request_is_refused` |
//! | memory before the login | `hostile::half_a_handshake_and_silence_are_not_waited_for` `hostile::ten_thousand_requests_before_login_are_sixteen` `proxies::an_address_has_so_many_connections_and_a_header_does_not_help` `security/flood::a_thousand_half_open_connections_cost_little` |
//! | the parser of handshakes | `security/door::odd_handshakes_are_refused_soon` `upgrade::a_good_request_gets_the_key_of_the_rfc` |
//! | tiny fragments, floods of frames | `proxies::a_message_in_too_many_pieces_ends_the_connection` `guard::who_sends_too_many_frames_is_read_later` `security/flood::pings_and_pieces_without_end_disturb_nobody` |
//! | floods by many at once | `security/flood::a_room_takes_no_more_than_can_be_read_and_strangers_take_none_of_it` `address::whoever_connects_again_and_again_waits_and_nobody_else_does` `pace::one_who_is_too_fast_waits_and_nobody_else_does` |
//! | decompression bombs | `security/door::compression_is_never_agreed_to` `hostile::what_breaks_the_rules_of_websocket_gets_the_code_for_it` `hostile::a_picture_bomb_is_a_file_without_a_thumbnail` |
//! | archives: bombs, and paths that lead out | `exchange::archives_that_mean_harm_do_none` `backup::a_link_in_an_archive_is_not_followed` `backup::what_was_altered_or_cut_is_not_restored` `exchange::a_broken_export_says_where` |
//! | paths in names, ids and secrets | `hostile::sizes_and_names_that_cannot_be_are_refused` `security/door::no_path_leads_out_of_its_folder` `download::a_name_is_read_from_the_header_and_cleaned` |
//! | uploads that a browser would run | `security/door::what_was_uploaded_is_never_shown_by_a_browser` |
//! | the server as a caller (SSRF) | `address::only_the_public_internet_is_called` `outgoing::private_addresses_are_refused_unless_the_admin_allows_them` `outgoing::an_address_is_checked_again_at_each_call` `security/outside::no_spelling_of_an_inner_address_is_called` `security/outside::a_redirect_is_not_followed` |
//! | slow readers | `hostile::a_reader_that_does_not_read_is_cut_and_can_resume` `outbox::a_slow_reader_is_cut_and_the_memory_is_bounded` |
//! | text that commands terminals | `safe::safe_text_has_no_control_and_no_bidi` `terminals::hostile_text_does_not_reach_the_terminal` `terminals_plain::hostile_text_stays_behind_its_bar` `security/terminal::nothing_that_others_say_commands_the_shell_of_a_reader` `security/terminal::no_log_line_carries_a_control` |
//! | members who send nonsense | `hostile::broken_frames_get_an_error_and_too_many_a_close` `hostile::what_breaks_the_rules_of_websocket_gets_the_code_for_it` `wire/hostile::any_json_is_survived` `security/requests::hostile_values_in_every_field_of_every_request_are_answered` |

mod door;
mod flood;
mod identity;
mod live;
mod outside;
mod requests;
mod terminal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::raw_socket::{Heard, RawSocket};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// Every source below a folder, with its text.
fn sources(folder: &Path, into: &mut Vec<(PathBuf, String)>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            into.push((path, text));
        }
    }
    Ok(())
}

/// The next frame that answers, whatever is pushed before it.
fn answer(raw: &mut RawSocket, id: &str) -> Result<serde_json::Value> {
    loop {
        match raw.hear()? {
            Heard::Frame(frame) if frame["id"] == id => return Ok(frame),
            Heard::Frame(_) => {}
            other => anyhow::bail!("instead of the answer to {id}: {other:?}"),
        }
    }
}

#[test]
fn every_test_of_the_table_exists() -> Result<()> {
    let mut files = Vec::new();
    for folder in ["chat-tests/tests", "chat-server", "chat-proto", "chat-client"] {
        sources(&root().join(folder), &mut files)?;
    }
    let table = include_str!("mod.rs");
    let rows: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("//! | ")).skip(1).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    let mut absent = Vec::new();
    let mut own: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let names: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "a class without a test: {row}");
        for name in names {
            let (file, test) = name.split_once("::").with_context(|| format!("{name} names no test"))?;
            let is_there = files.iter().any(|(path, text)| {
                path.with_extension("").ends_with(file)
                    && text.contains(&format!("fn {test}("))
                    && text.contains("#[test]") | text.contains("#[tokio::test") | text.contains("proptest!")
            });
            if !is_there {
                absent.push(name.to_owned());
            }
            *own.entry(test.to_owned()).or_default() += 1;
        }
    }
    assert!(absent.is_empty(), "the table names tests that are not there: {absent:#?}");
    // The other way round: a test of this folder that no row names has no class.
    for (path, text) in
        files.iter().filter(|(path, _)| path.components().any(|c| c.as_os_str() == "security"))
    {
        for after in text.split("#[test]\nfn ").skip(1) {
            let name = after.split('(').next().unwrap_or_default();
            assert!(
                own.contains_key(name) || path.ends_with("mod.rs"),
                "{}: no row of the table names {name}",
                path.display()
            );
        }
    }
    Ok(())
}
