// The diff as a tool: views without requests, folds, links, and a change made by hand while somebody looks.

import type { APIRequestContext } from "@playwright/test";
import { EDITED_DEPLOYMENT } from "../../fixtures/addresses";
import { alive, expect, test } from "../../fixtures/page";
import { deploymentPath, SimulatedCluster } from "../../fixtures/simulated_cluster";

test("views and context need no further request", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff`);
  const requests: string[] = [];
  page.on("request", (request) => {
    // Icons come from the browser's memory.
    if (!new URL(request.url()).pathname.startsWith("/assets/")) {
      requests.push(request.url());
    }
  });
  const views = page.getByRole("navigation", { name: "Views", exact: true });
  const body = page.getByRole("region", { name: "Text differences" });
  await views.getByRole("link", { name: "Unified" }).click();
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "unified");
  await expect(body).toContainText("replicas: 5");
  await page.getByRole("link", { name: "Expand all" }).click();
  await expect(page.getByRole("link", { name: /^\d+ unchanged lines/ })).toHaveCount(0);
  await views.getByRole("link", { name: "Changes" }).click();
  await expect(page.getByRole("table", { name: "Changes from actual to desired" })).toBeVisible();
  await views.getByRole("link", { name: "Split" }).click();
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "split");
  await expect(body).toContainText("replicas: 2");
  expect(requests).toEqual([]);
});

test("a fold opens in place", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff?view=unified`);
  const folds = page.getByRole("link", { name: /^\d+ unchanged lines/ });
  const rows = page.locator(".diff-row");
  const [foldsBefore, rowsBefore] = [await folds.count(), await rows.count()];
  expect(foldsBefore).toBeGreaterThan(0);
  const hidden = Number((await folds.first().innerText()).match(/\d+/)?.[0]);
  await folds.first().click();
  await expect(folds).toHaveCount(foldsBefore - 1);
  await expect(rows).toHaveCount(rowsBefore + hidden);
  await expect(page).toHaveURL(`${EDITED_DEPLOYMENT}/diff?view=unified`);
});

test("a link keeps the view, the context and the open object", async ({ open, page }) => {
  const address = "/clusters/prod-eu/HelmRelease/ingress-nginx/ingress-nginx/diff?view=unified&context=0&object=Service%2Fingress-nginx%2Fingress-nginx-controller";
  await open(address);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Service ingress-nginx-controller");
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "unified");
  await expect(page.getByText("No differences: both sides are the same text.")).toBeVisible();
  await page.reload();
  await alive(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Service ingress-nginx-controller");
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "unified");
});

test("a narrow screen shows one side after the other, unless the link says split", async ({ open, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(`${EDITED_DEPLOYMENT}/diff`);
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "unified");
  await expect(page.getByRole("link", { name: "Unified" })).toHaveAttribute("aria-current", "true");
  await page.getByRole("link", { name: "Split" }).click();
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "split");
  await page.reload();
  await alive(page);
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "split");
});

test("back returns to the view before", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff`);
  await page.getByRole("navigation", { name: "Views", exact: true }).getByRole("link", { name: "Unified" }).click();
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "unified");
  await page.goBack();
  await expect(page.locator(".diff")).toHaveAttribute("data-view", "split");
});

test("a change made by hand is shown with its tool, and reconcile takes it back", async ({ open, page, request }) => {
  const staging = new SimulatedCluster("staging");
  const address = "/clusters/staging/Deployment/platform/gateway";
  await baselineOf(request, "staging", "Deployment/platform/gateway");
  await staging.patch(deploymentPath("platform", "gateway"), { spec: { replicas: 7 } }, "kubectl-scale");
  await open(`${address}/diff`);
  const row = page.locator(".diff-row").filter({ hasText: "replicas:" });
  await expect(row.locator(".diff-desired").last()).toHaveText(/replicas: 3$/);
  await expect(row.locator(".diff-actual").last()).toHaveText(/replicas: 7$/);
  await expect(row).toContainText("kubectl-scale");
  await expect(page.getByText("Drifted, will be corrected")).toBeVisible();

  await page.getByRole("button", { name: "Reconcile", exact: true }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 20_000 });
  // What somebody reads does not change under them: the page says that it is old, and compares again when asked.
  await expect(page.getByText("Drifted, will be corrected")).toBeVisible();
  const compareAgain = page.getByRole("link", { name: "Compare again" });
  await expect(async () => {
    await compareAgain.click({ timeout: 5_000 });
    await expect(page.getByText("In sync", { exact: true }).first()).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 20_000 });
  expect((await staging.get(deploymentPath("platform", "gateway"))).spec.replicas).toBe(3);
  await alive(page);
});

/** Waits until what Flux applied is known. */
async function baselineOf(request: APIRequestContext, cluster: string, object: string): Promise<void> {
  await expect
    .poll(async () => {
      const report = await (await request.get(`/api/v1/clusters/${cluster}/resources/${object}/diff`)).json();
      return report.provenance.fidelity;
    }, { message: "where desired comes from", timeout: 20_000 })
    .toBe("observed");
}
