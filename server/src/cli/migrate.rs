//! `migrate`: the schema of the database, and with `--dry-run` only what is missing of it.

use clap::Args;
use fleet::store::Store;

use super::store::DatabaseOptions;

#[derive(Clone, Debug, Args)]
pub struct MigrateOptions {
    #[command(flatten)]
    pub place: DatabaseOptions,
    /// List what would be done, and do nothing.
    #[arg(long, env = "FLUX_ORCHESTRATOR_DRY_RUN")]
    pub dry_run: bool,
}

impl MigrateOptions {
    /// One line a step.
    ///
    /// # Errors
    /// When the database cannot be opened or a step fails; the steps before it stay applied.
    #[expect(clippy::print_stdout, reason = "what was done is the answer of this command")]
    pub async fn run(&self) -> anyhow::Result<()> {
        if self.dry_run {
            if !Store::is_there(&self.place.database)? {
                println!("There is no database yet; every step is pending.");
                return Ok(());
            }
            let steps = Store::schema(&self.place.database).await?;
            for step in &steps {
                println!("{} {}", if step.applied { "applied" } else { "pending" }, step.name);
            }
            return Ok(());
        }
        let applied = Store::migrate(&self.place.database).await?;
        for name in &applied {
            println!("applied {name}");
        }
        if applied.is_empty() {
            println!("The schema is up to date.");
        }
        Ok(())
    }
}
