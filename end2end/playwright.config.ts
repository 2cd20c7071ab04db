// Browser tests on the simulated clusters. `cargo xtask test` starts the server and sets BASE_URL, CHROMIUM and
// DEMO_KUBECONFIGS (a folder with a kubeconfig of each simulated cluster, through which specs change the world).
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests/simulator",
  globalSetup: "./tests/fixtures/demo_ready.ts",
  // One server, one world that specs change, two cores.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: "line",
  use: {
    baseURL: process.env.BASE_URL ?? "http://127.0.0.1:8080",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    // What a page reads of the clipboard is written by the page itself.
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "javascript-off", testMatch: ["**/both/*.spec.ts", "**/unscripted/*.spec.ts"], use: { javaScriptEnabled: false } },
    { name: "javascript-on", testMatch: ["**/both/*.spec.ts", "**/scripted/*.spec.ts"] },
    // For people: SCREENSHOTS=folder npx playwright test --project screenshots
    ...(process.env.SCREENSHOTS ? [{ name: "screenshots", testMatch: "**/screenshots.spec.ts" }] : []),
  ],
});
