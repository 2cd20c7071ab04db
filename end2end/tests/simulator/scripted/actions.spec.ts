// Reconcile, suspend, resume: the outcome stands where the click was.

import { expect, test } from "../../fixtures/page";
import { fluxPath, SimulatedCluster } from "../../fixtures/simulated_cluster";

const ADDRESS = "/clusters/staging/Kustomization/flux-system/search";
const OBJECT = fluxPath("Kustomization", "flux-system", "search");

test("reconcile on the object's page ends with the controller's answer", async ({ open, page }) => {
  const staging = new SimulatedCluster("staging");
  const before = (await staging.get(OBJECT)).status.lastHandledReconcileAt;
  await open(ADDRESS);
  const actions = page.locator(".object-header .page-actions").first();
  await actions.getByRole("button", { name: "Reconcile", exact: true }).click();
  await expect(actions.getByText("Done", { exact: true })).toBeVisible();
  await expect(actions).toContainText("Applied revision");
  const after = (await staging.get(OBJECT)).status.lastHandledReconcileAt;
  expect(after).toBeTruthy();
  expect(after).not.toBe(before);
});

test("reconcile with source asks the source first", async ({ open, page }) => {
  const staging = new SimulatedCluster("staging");
  const source = fluxPath("GitRepository", "flux-system", "platform");
  const before = (await staging.get(source)).status.lastHandledReconcileAt;
  await open(ADDRESS);
  const actions = page.locator(".object-header .page-actions").first();
  await actions.getByLabel("More ways to reconcile").click();
  await actions.getByRole("button", { name: "Reconcile with source" }).click();
  await expect(actions.getByText("Done", { exact: true })).toBeVisible({ timeout: 20_000 });
  expect((await staging.get(source)).status.lastHandledReconcileAt).not.toBe(before);
});

test("suspend and resume change the object and the page", async ({ open, page }) => {
  const staging = new SimulatedCluster("staging");
  await open(ADDRESS);
  const header = page.locator(".object-header");
  await header.getByRole("button", { name: "Suspend" }).click();
  await expect(header.getByText("Done", { exact: true })).toBeVisible();
  await expect(header.getByText("Suspended", { exact: true })).toBeVisible();
  expect((await staging.get(OBJECT)).spec.suspend).toBe(true);

  await header.getByRole("button", { name: "Resume" }).click();
  await expect(header.getByRole("button", { name: "Suspend" })).toBeEnabled();
  await expect(header.getByText("Done", { exact: true })).toBeVisible();
  await expect(header.getByText("Ready", { exact: true })).toBeVisible();
  expect((await staging.get(OBJECT)).spec.suspend ?? false).toBe(false);
});

test("a row of the list has the same actions", async ({ open, page }) => {
  await open("/resources?cluster=staging&kind=Kustomization&sort=name");
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "search", exact: true }) });
  await row.hover();
  await row.getByRole("button", { name: "Reconcile", exact: true }).click();
  // A glyph, whose words are its title.
  await expect(row.getByTitle(/^Done: Applied revision/)).toBeVisible();
});

test("an action that cannot end well says why", async ({ open, page }) => {
  const staging = new SimulatedCluster("staging");
  const path = fluxPath("Kustomization", "flux-system", "sourceless");
  await staging.create(path.slice(0, path.lastIndexOf("/")), {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "sourceless", namespace: "flux-system" },
    spec: { interval: "10m", path: "./", prune: true, sourceRef: { kind: "GitRepository", name: "nobody" } },
  });
  try {
    await expect.poll(async () => (await staging.get(path)).status?.conditions?.length ?? 0).toBeGreaterThan(0);
    await open("/clusters/staging/Kustomization/flux-system/sourceless");
    const actions = page.locator(".object-header .page-actions").first();
    await actions.getByRole("button", { name: "Reconcile", exact: true }).click();
    await expect(actions.getByText("Failed", { exact: true })).toBeVisible({ timeout: 20_000 });
    await expect(actions).toContainText("Source artifact not found");
  } finally {
    await staging.delete(path);
  }
});
