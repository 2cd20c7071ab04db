// Browser tests on real clusters. `cargo xtask test` starts testbed and server, and sets BASE_URL, CHROMIUM and TESTBED_RUN
// (the folder of the testbed's run, with both administrators' kubeconfigs).
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

export default defineConfig(base, { testDir: "testbed/specs", timeout: 120_000, workers: 1 });
