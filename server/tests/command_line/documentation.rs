//! `docs/configuration.md` lists every flag with its variable, and none that is not there.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use server::cli::Cli;

const PAGE: &str = include_str!("../../../docs/configuration.md");

/// Commands that are documented here; the demo is in a build for trying out only.
const LEFT_OUT: [&str; 2] = ["help", "demo"];

/// `--flag` and its variable, of a command and of those beneath it.
fn flags(command: &clap::Command, found: &mut BTreeSet<(String, Option<String>)>) {
    for argument in command.get_arguments() {
        let Some(long) = argument.get_long().filter(|long| !matches!(*long, "help" | "version")) else { continue };
        let variable = argument.get_env().map(|variable| variable.to_string_lossy().into_owned());
        found.insert((format!("--{long}"), variable));
    }
    for command in command.get_subcommands().filter(|command| !LEFT_OUT.contains(&command.get_name())) {
        flags(command, found);
    }
}

#[test]
fn every_flag_is_on_the_page_with_its_variable() {
    let mut found = BTreeSet::new();
    flags(&Cli::command(), &mut found);
    let rows: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `--")).collect();
    for (flag, variable) in &found {
        let row = rows.iter().find(|row| row.contains(&format!("`{flag}`")));
        let row = row.unwrap_or_else(|| panic!("{flag} is not on the page"));
        if let Some(variable) = variable {
            assert!(row.contains(&format!("`{variable}`")), "{flag} is on the page without {variable}");
        }
    }
    let known: BTreeSet<&str> = found.iter().map(|(flag, _)| flag.as_str()).collect();
    for row in rows {
        let flag = row.trim_start_matches("| `").split('`').next().expect("a first word");
        assert!(known.contains(flag), "{flag} is on the page and nowhere else");
    }
}

#[test]
fn every_flag_of_a_running_server_has_a_variable() {
    let mut found = BTreeSet::new();
    let command = Cli::command();
    flags(command.find_subcommand("serve").expect("the command"), &mut found);
    let without: Vec<_> = found.iter().filter(|(_, variable)| variable.is_none()).collect();
    assert!(without.is_empty(), "{without:?}");
}
