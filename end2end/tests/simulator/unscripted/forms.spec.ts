// What changes something is a plain form too.

import { expect, test } from "../../fixtures/page";
import { fluxPath, SimulatedCluster } from "../../fixtures/simulated_cluster";

test("suspend and resume come back to the page with the new state", async ({ open, page }) => {
  const address = "/clusters/staging/Kustomization/flux-system/tenants";
  const suspended = async () => (await new SimulatedCluster("staging").get(fluxPath("Kustomization", "flux-system", "tenants"))).spec.suspend ?? false;
  const there = new RegExp(`${address}\\??$`);
  await open(address);
  await page.getByRole("button", { name: "Suspend" }).click();
  await expect(page).toHaveURL(there);
  await expect(page.getByText("Suspended", { exact: true }).first()).toBeVisible();
  expect(await suspended()).toBe(true);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page).toHaveURL(there);
  await expect(page.getByRole("button", { name: "Suspend" })).toBeVisible();
  expect(await suspended()).toBe(false);
});

test("a cluster is registered and removed", async ({ open, page }) => {
  await open("/clusters/new");
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(new SimulatedCluster("staging").kubeconfig);
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Without scripts");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await expect(page).toHaveURL("/clusters/without-scripts");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Without scripts");
  await page.getByLabel("Remove Without scripts").click();
  await page.getByRole("button", { name: "Remove Without scripts" }).click();
  await expect(page).toHaveURL("/clusters");
  await expect(page.getByRole("rowheader", { name: "Without scripts" })).toHaveCount(0);
});

test("a refused registration says why, and puts no credential into an address", async ({ open, page }) => {
  await open("/clusters/new");
  const kubeconfig = new SimulatedCluster("staging").kubeconfig.replace(/token: .*/, "token: canary-4c1f0a7e");
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(kubeconfig);
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Wrong token");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "Reachable" })).toContainText("does not accept these credentials");
  expect(page.url()).not.toContain("canary-4c1f0a7e");
  expect(await page.content()).not.toContain("canary-4c1f0a7e");
});
