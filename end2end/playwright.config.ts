// Browser tests on the simulated clusters. `cargo xtask test` starts the server and sets BASE_URL and CHROMIUM.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "specs",
  timeout: 30_000,
  // One server and two cores: more workers only make each other wait.
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: "line",
  use: {
    baseURL: process.env.BASE_URL ?? "http://127.0.0.1:8080",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
    },
  },
});
