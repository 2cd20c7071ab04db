import { EDITED_DEPLOYMENT, HELM_RELEASE } from "../../fixtures/addresses";
import { expect, test } from "../../fixtures/page";

test("the unified diff shows desired, actual and who changed it", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff?view=unified`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Deployment ingress-nginx-controller");
  const text = page.getByRole("region", { name: "Text differences" });
  const desired = text.locator(".diff-row", { has: page.locator(".diff-desired") });
  const actual = text.locator(".diff-row", { has: page.locator(".diff-actual") });
  await expect(desired.filter({ hasText: "replicas:" })).toContainText("+");
  await expect(desired.filter({ hasText: "replicas:" })).toContainText("replicas: 2");
  await expect(actual.filter({ hasText: "replicas:" })).toContainText("replicas: 5");
  await expect(actual.filter({ hasText: "replicas:" })).toContainText("kubectl-edit");
  // An annotation that somebody added is nothing that Flux would take away.
  await expect(text.locator(".diff-actual, .diff-desired").filter({ hasText: "ops.acme.dev/paused-by" })).toHaveCount(0);
});

test("the split diff has desired on the left and actual on the right", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff`);
  await expect(page.locator(".diff-sides")).toHaveText(/^Desired.*Actual/s);
  const row = page.getByRole("region", { name: "Text differences" }).locator(".diff-row").filter({ hasText: "replicas:" });
  await expect(row.locator(".diff-text").nth(0)).toHaveText(/replicas: 2$/);
  await expect(row.locator(".diff-text").nth(0)).toHaveClass(/diff-desired/);
  await expect(row.locator(".diff-text").nth(1)).toHaveText(/replicas: 5$/);
  await expect(row.locator(".diff-text").nth(1)).toHaveClass(/diff-actual/);
});

test("the changes view has one line a path", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff?view=changes`);
  const table = page.getByRole("table", { name: "Changes from actual to desired" });
  const replicas = table.getByRole("row").filter({ hasText: "spec.replicas" });
  await expect(replicas.getByRole("cell")).toContainText(["5", "2", "Value", "kubectl-edit"]);
});

test("the views and the whole text are links", async ({ open, page }) => {
  await open(`${EDITED_DEPLOYMENT}/diff`);
  const views = page.getByRole("navigation", { name: "Views", exact: true });
  await views.getByRole("link", { name: "Unified" }).click();
  await expect(page).toHaveURL(`${EDITED_DEPLOYMENT}/diff?view=unified`);
  await expect(views.locator("[aria-current]")).toHaveText("Unified");
  const folds = page.getByRole("link", { name: /^\d+ unchanged lines/ });
  await expect(folds.first()).toBeVisible();
  await page.getByRole("link", { name: "Expand all" }).click();
  await expect(folds).toHaveCount(0);
  await page.getByRole("link", { name: "Fold unchanged lines" }).click();
  await expect(folds.first()).toBeVisible();
});

test("an applier lists what it manages, what differs first, and opens it", async ({ open, page }) => {
  await open(`${HELM_RELEASE}/diff`);
  const objects = page.getByRole("navigation", { name: "Objects" });
  const edited = objects.getByRole("link").filter({ hasText: "Deployment" });
  await expect(edited).toContainText(/\+\d+ −\d+/);
  await expect(edited).toHaveAttribute("aria-current", "true");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Deployment ingress-nginx-controller");
  await objects.getByRole("link").filter({ hasText: "HelmRelease" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("HelmRelease ingress-nginx");
});

test("status conditions stand below the diff", async ({ open, page }) => {
  await open(`${HELM_RELEASE}/diff?object=${encodeURIComponent("HelmRelease.helm.toolkit.fluxcd.io/ingress-nginx/ingress-nginx")}`);
  const conditions = page.getByRole("table", { name: "Conditions" });
  await expect(conditions.getByRole("row").filter({ hasText: "Ready" })).toContainText("UpgradeSucceeded");
});
