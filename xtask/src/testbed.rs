//! `cargo xtask testbed`: real Kubernetes and Flux on this machine, through the scripts of `end2end/testbed`.
//!
//! What is built is kept in the user's cache, because a cold build compiles Kubernetes and takes about 18 minutes; what a
//! run writes is under `target/testbed-run`. Only processes that the scripts started are ever stopped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::command::{self, Group};
use crate::packages::{Package, Packages};
use crate::progress;
use crate::repository::Repository;

const PACKAGES: &[Package] = &[
    Package::program("git", &["git"]),
    Package::program("jq", &["jq"]),
    Package::program("curl", &["curl"]),
    Package::program("openssl", &["openssl"]),
    Package::program("util-linux", &["flock"]),
];

/// What the build leaves behind when it is complete.
const PROGRAMS: &[&str] = &[
    "crane",
    "etcd",
    "helm",
    "helm-controller",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kustomize",
    "kustomize-controller",
    "kwok",
    "notification-controller",
    "source-controller",
    "webserve",
];

/// The testbed of this checkout.
#[derive(Debug)]
pub(crate) struct Testbed {
    scripts: PathBuf,
    /// Programs and custom resource definitions, kept between checkouts.
    built: PathBuf,
    /// What a run writes: processes, logs, kubeconfigs.
    run: PathBuf,
}

impl Testbed {
    /// Fails where a program that the scripts need is missing and cannot be installed.
    pub(crate) fn new(repository: &Repository, packages: &Packages) -> Result<Self> {
        packages.require("the testbed", PACKAGES)?;
        let built = match std::env::var_os("TESTBED") {
            Some(folder) => PathBuf::from(folder),
            None => repository.cache()?.join("testbed"),
        };
        Ok(Self { scripts: repository.path("end2end/testbed"), built, run: repository.target().join("testbed-run") })
    }

    /// Builds what is missing or out of date, niced. Takes a moment when everything is there.
    pub(crate) fn build(&self) -> Result<()> {
        if self.cannot_but_need_not_build()? {
            return Ok(());
        }
        progress::step("testbed: build", || command::run(&mut self.build_command()))
    }

    /// Starts the build in the background; what it says goes to `log`. `None` when there is nothing to do.
    pub(crate) fn start_building(&self, log: &Path) -> Result<Option<Group>> {
        if self.cannot_but_need_not_build()? {
            return Ok(None);
        }
        let file = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = self.build_command();
        command.stderr(file.try_clone().context("cannot share the log file")?).stdout(file);
        Ok(Some(Group::start(&mut command)?))
    }

    /// Whether processes of an earlier `up` still run.
    pub(crate) fn is_up(&self) -> bool {
        const DOWN: i32 = 3;
        let status = self.script("status.sh").stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.code() != Some(DOWN))
    }

    /// Builds what is missing and starts what does not run. Safe to run twice.
    pub(crate) fn up(&self) -> Result<()> {
        self.build()?;
        progress::step("testbed: up", || command::run(&mut self.script("up.sh")))
    }

    /// Stops it and removes the run's data.
    pub(crate) fn down(&self) -> Result<()> {
        command::run(&mut self.script("down.sh"))
    }

    /// Prints one line a process. An error when something is not healthy.
    pub(crate) fn status(&self) -> Result<()> {
        command::run(&mut self.script("status.sh"))
    }

    /// Kills these processes; `up` starts them again.
    pub(crate) fn kill(&self, names: &[String]) -> Result<()> {
        for name in names {
            command::run(self.script("svc.sh").args(["kill", name]))?;
        }
        Ok(())
    }

    /// The administrators' kubeconfigs of both clusters.
    pub(crate) fn kubeconfigs(&self) -> [PathBuf; 2] {
        [self.run.join("a.kubeconfig"), self.run.join("b.kubeconfig")]
    }

    /// A script of the testbed with its environment set.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = Command::new("bash");
        command.arg(self.scripts.join(name)).env("TESTBED", &self.built).env("RUN", &self.run);
        command
    }

    fn build_command(&self) -> Command {
        let mut command = Command::new("nice");
        let script = self.scripts.join("build.sh");
        command.args(["-n", "10", "bash"]).arg(script).env("TESTBED", &self.built).env("RUN", &self.run);
        command
    }

    /// True without Go when all programs are there; an error without Go when some are not.
    fn cannot_but_need_not_build(&self) -> Result<bool> {
        if command::on_path(&["go"]).is_some() {
            return Ok(false);
        }
        let present = |program: &&str| self.built.join("bin").join(program).is_file();
        if self.built.join("crds").is_dir() && PROGRAMS.iter().all(present) {
            progress::note("testbed: there is no Go; using the programs of an earlier build");
            return Ok(true);
        }
        bail!("the testbed needs Go 1.26 to compile Kubernetes and Flux; install it from https://go.dev/dl");
    }
}
