//! `rotate-key`: seals everything that is sealed in the database anew, with the key of another file.

use std::path::PathBuf;

use clap::Args;
use fleet::store::{KeySource, Store};

use super::store::StoreOptions;

#[derive(Clone, Debug, Args)]
pub struct RotateKeyOptions {
    #[command(flatten)]
    pub store: StoreOptions,
    /// File with the new key, base64 of 32 bytes, as `head -c 32 /dev/urandom | base64` prints it. Without it a new key
    /// takes the place of the one beside the SQLite file.
    #[arg(long, env = "FLUX_ORCHESTRATOR_NEW_KEY_FILE")]
    pub new_key_file: Option<PathBuf>,
}

impl RotateKeyOptions {
    /// All cells or none: a failure leaves the old key in force.
    ///
    /// # Errors
    /// When a key is missing or wrong, or the database cannot be written.
    #[expect(clippy::print_stdout, reason = "what was done is the answer of this command")]
    pub async fn run(&self) -> anyhow::Result<()> {
        let new = self.new_key_file.clone().map_or(KeySource::BesideDatabase, KeySource::File);
        let rotation = Store::rotate_key(&self.store.place.database, &self.store.key_source(), &new).await?;
        println!("{} values are sealed with the key {}.", rotation.values, rotation.key);
        if let Some(file) = &self.new_key_file {
            println!("Start the server with --key-file {}.", file.display());
        }
        Ok(())
    }
}
