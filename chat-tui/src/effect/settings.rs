//! Reading and writing the file of settings.

use super::{Outcome, Runner};
use crate::keymap::{Chord, Context};

impl Runner {
    /// Reads the settings again.
    pub fn read_settings(&self) {
        let (source, outcomes) = (self.places.settings.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let _ = outcomes.blocking_send(Outcome::Settings(Box::new(source.load())));
        });
    }

    /// Writes one setting, then reads them all again.
    pub fn write_setting(&self, name: &'static str, value: String) {
        let (source, outcomes) = (self.places.settings.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let told = match source.write(name, &value) {
                Ok(None) => Outcome::SettingWritten(format!("{name} = {value}")),
                Ok(Some(by)) => Outcome::SettingWritten(format!(
                    "{name} = {value} is saved, but {by} goes before it while this runs"
                )),
                Err(error) => Outcome::Refused(format!("{error:#}")),
            };
            let _ = outcomes.blocking_send(Outcome::Settings(Box::new(source.load())));
            let _ = outcomes.blocking_send(told);
        });
    }

    /// Writes keys, then reads the settings again.
    pub fn write_keys(&self, context: Context, lines: Vec<(Chord, &'static str)>) {
        let (source, outcomes) = (self.places.settings.clone(), self.outcomes.clone());
        tokio::task::spawn_blocking(move || {
            let told = match source.write_keys(context, &lines) {
                Ok(()) => {
                    let words: Vec<String> =
                        lines.iter().map(|(chord, does)| format!("{chord} = {does}")).collect();
                    Outcome::SettingWritten(words.join(", "))
                }
                Err(error) => Outcome::Refused(format!("{error:#}")),
            };
            let _ = outcomes.blocking_send(Outcome::Settings(Box::new(source.load())));
            let _ = outcomes.blocking_send(told);
        });
    }
}
