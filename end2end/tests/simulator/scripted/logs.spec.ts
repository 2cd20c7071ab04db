// Logs as they come: live, filtered, paused, downloaded.

import { readFile } from "node:fs/promises";
import type { APIRequestContext } from "@playwright/test";
import { expect, test, type Page } from "../../fixtures/page";

const ADDRESS = "/logs?cluster=staging&selector=app%3Dkustomize-controller&tail=20";

function lines(page: Page) {
  return page.getByRole("log", { name: "Lines" }).locator(".log-row");
}

/** Lets kustomize-controller of staging write about an object. */
async function causeLines(request: APIRequestContext, name: string): Promise<void> {
  const answer = await request.post("/api/v1/resources/reconcile", {
    data: { cluster_id: "staging", kind: "Kustomization", namespace: "flux-system", name },
  });
  expect(answer.status()).toBe(200);
}

async function held(page: Page): Promise<number> {
  return Number((await page.locator(".logs-toolbar").getByText(/\d+ held/).innerText()).match(/\d+/)?.[0]);
}

test("live lines follow the fetched ones as they are written", async ({ open, page, request }) => {
  await open(`${ADDRESS}&fetch=1`);
  await expect(lines(page).first()).toBeVisible();
  await page.getByRole("button", { name: "Live" }).click();
  await expect(page.locator(".logs-coverage")).toHaveText(/^streaming 1 of 1 containers/);
  await expect(lines(page).first()).toBeVisible();
  const before = await held(page);
  await causeLines(request, "tenants");
  await expect.poll(() => held(page)).toBeGreaterThan(before);
  await expect(lines(page).last()).toBeInViewport();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByRole("button", { name: "Live" })).toBeVisible();
});

test("a live address follows at once", async ({ open, page }) => {
  await open(`${ADDRESS}&live=1`);
  await expect(page.locator(".logs-coverage")).toHaveText(/^streaming 1 of 1 containers/);
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
});

test("pause keeps the place and counts what is new", async ({ open, page, request }) => {
  await open(`${ADDRESS}&live=1`);
  await expect(page.locator(".logs-coverage")).toHaveText(/^streaming/);
  await expect(lines(page).first()).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Paused · +0 new" })).toBeVisible();
  await causeLines(request, "tenants");
  const paused = page.getByRole("button", { name: /^Paused · \+[1-9]\d* new$/ });
  await expect(paused).toBeVisible();
  await paused.click();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
});

test("the search filters what is here and marks where it matches", async ({ open, page, request }) => {
  await causeLines(request, "tenants");
  await open(`${ADDRESS}&fetch=1`);
  const all = await held(page);
  await page.getByRole("searchbox", { name: "Search lines" }).fill("tenants");
  await expect(page.locator(".search-count")).toHaveText(new RegExp(`^[1-9]\\d* of ${all}$`));
  await expect(lines(page).filter({ hasNotText: "tenants" })).toHaveCount(0);
  await expect(lines(page).first().locator("mark").first()).toHaveText("tenants");
  await page.getByRole("searchbox", { name: "Search lines" }).fill("");
  await expect.poll(() => lines(page).count()).toBeGreaterThan(0);
});

test("levels can be hidden", async ({ open, page }) => {
  await open(`${ADDRESS}&fetch=1`);
  await expect(lines(page).filter({ hasText: "info" }).first()).toBeVisible();
  const info = page.getByRole("group", { name: "Levels" }).getByRole("button", { name: /^info/ });
  await expect(info).toHaveAttribute("aria-pressed", "true");
  await info.click();
  await expect(info).toHaveAttribute("aria-pressed", "false");
  await expect(page.locator(".log-row.log-info")).toHaveCount(0);
});

test("download gives the lines as text", async ({ open, page }) => {
  await open(`${ADDRESS}&fetch=1`);
  const count = await held(page);
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download logs" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("logs.txt");
  const text = await readFile(await download.path(), "utf8");
  const written = text.trimEnd().split("\n");
  expect(written).toHaveLength(count);
  for (const line of written) {
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    expect(line).toContain("kustomize-controller");
  }
});
