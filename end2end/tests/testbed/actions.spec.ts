// Reconcile, suspend and resume against the real controllers.

import { expect, test } from "../fixtures/page";
import { kubectl } from "../fixtures/testbed";

const HANDLED = "jsonpath={.status.lastHandledReconcileAt}";

test("reconcile from the page ends with what the controller says", async ({ open, page }) => {
  const before = await kubectl("a", "-n", "flux-system", "get", "kustomization", "web", "-o", HANDLED);
  await open("/clusters/a/Kustomization/flux-system/web");
  const actions = page.locator(".object-header .page-actions").first();
  await actions.getByRole("button", { name: "Reconcile", exact: true }).click();
  await expect(actions.getByText("Done", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(actions).toContainText("Applied revision: main@sha1:");
  expect(await kubectl("a", "-n", "flux-system", "get", "kustomization", "web", "-o", HANDLED)).not.toBe(before);
});

test("reconcile of what cannot be built ends with the reason", async ({ open, page }) => {
  await open("/clusters/a/Kustomization/flux-system/bad-build");
  const actions = page.locator(".object-header .page-actions").first();
  await actions.getByRole("button", { name: "Reconcile", exact: true }).click();
  await expect(actions.getByText("Failed", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(actions).toContainText("kustomize build failed");
});

test("suspend and resume a HelmRelease", async ({ open, page }) => {
  const suspended = () => kubectl("b", "-n", "demo", "get", "helmrelease", "demo", "-o", "jsonpath={.spec.suspend}");
  await open("/clusters/b/HelmRelease/demo/demo");
  const header = page.locator(".object-header");
  await header.getByRole("button", { name: "Suspend" }).click();
  await expect(header.getByText("Done", { exact: true })).toBeVisible();
  await expect(header.getByText("Suspended", { exact: true })).toBeVisible();
  expect(await suspended()).toBe("true");
  await header.getByRole("button", { name: "Resume" }).click();
  await expect(header.getByText("Ready", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(header.getByRole("button", { name: "Suspend" })).toBeEnabled({ timeout: 60_000 });
  expect(await suspended()).not.toBe("true");
});
