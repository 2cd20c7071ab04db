// Browser tests on real Kubernetes and real Flux. `cargo xtask test` starts testbed and server, and sets BASE_URL, CHROMIUM
// and TESTBED_RUN (the folder of the testbed's run, with both administrators' kubeconfigs).
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

export default defineConfig({
  ...base,
  testDir: "tests/testbed",
  globalSetup: "./tests/fixtures/testbed_ready.ts",
  // Controllers look at what they wait for every few seconds.
  timeout: 120_000,
  projects: [{ name: "testbed" }],
});
