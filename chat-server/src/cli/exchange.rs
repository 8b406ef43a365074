//! `export` and `import`, for people and for scripts.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use chat_proto::{Role, UserName};
use clap::Args;

use super::link::{refuse_root, refuse_root_alone};
use super::print;
use crate::auth::{SecretHash, new_invite_code, normal_invite_code};
use crate::backup::Progress;
use crate::config::Config;
use crate::exchange::{self, Source};
use crate::hub::now;
use crate::serve::open_store;
use crate::store::NewInvite;

/// What is exported.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A folder that is not there yet
    dest: PathBuf,
    /// Only what this person wrote, and their files
    #[arg(long, value_name = "NAME")]
    user: Option<UserName>,
}

/// What is imported.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The folder of an export; or the word slack, and then Slack's zip
    #[arg(value_name = "SRC | slack ZIP", num_args = 1..=2, required = true)]
    src: Vec<PathBuf>,
    /// Only say what would come, and what cannot
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn export(args: ExportArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    refuse_root_alone(&config.data_dir).await?;
    let done = exchange::export(config, &args.dest, args.user, Progress::new()).await?;
    if json {
        return print(&format!("{}\n", serde_json::to_string(&done)?));
    }
    let mut text = format!(
        "{}\n{} accounts, {} conversations, {} events, {} files, {} other lines\n",
        done.path.display(),
        done.users,
        done.conversations,
        done.events,
        done.files,
        done.asides
    );
    for missing in &done.missing {
        text.push_str(&format!("missing: {missing}\n"));
    }
    print(&text)
}

pub(super) async fn import(args: ImportArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    let source = match &args.src[..] {
        [word] if word.as_os_str() == "slack" && !word.is_dir() => {
            anyhow::bail!("which zip? Say: import slack ZIP")
        }
        [folder] => {
            ensure!(
                folder.is_dir(),
                "{0} is not the folder of an export; for Slack\'s zip say: import slack {0}",
                folder.display()
            );
            Source::Ours(folder.clone())
        }
        [word, zip] if word.as_os_str() == "slack" => Source::Slack(zip.clone()),
        _ => anyhow::bail!("say import FOLDER, or import slack ZIP"),
    };
    refuse_root(&config.data_dir)?;
    let report = exchange::import(config, &source, args.dry_run, Progress::new()).await?;
    // Where nobody came, a code that was printed before stays good.
    let code = if args.dry_run || report.users_made == 0 { None } else { owner_code(config).await? };
    if json {
        let mut told = serde_json::to_value(&report)?;
        told["owner_invite"] = code.into();
        return print(&format!("{told}\n"));
    }
    print(&report.words())?;
    match code {
        Some(code) => print(&format!(
            "No owner of this server can log in yet. Make an account for yourself with this code, shown this once:\nowner invite: {code}\n"
        )),
        None => Ok(()),
    }
}

/// Imported accounts have no password, so a server of nothing else has nobody to run it.
async fn owner_code(config: &Config) -> anyhow::Result<Option<String>> {
    let store = open_store(config).await?;
    let made = match store.has_owner_with_password().await? {
        true => None,
        false => {
            let code = new_invite_code();
            let invite = NewInvite {
                code: SecretHash::of(&normal_invite_code(code.expose())),
                role: Role::Owner,
                uses: 1,
                at: now(),
                expires_at: None,
            };
            store.create_invite(invite).await.context("cannot store the invite")?;
            Some(code.expose().to_owned())
        }
    };
    store.close().await;
    Ok(made)
}
