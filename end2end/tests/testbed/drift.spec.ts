// Somebody changes what Flux manages: the diff says what Flux would do and which tool it was, and reconcile takes it back.

import { alive, expect, test, type Page } from "../fixtures/page";
import { kubectl } from "../fixtures/testbed";

function changed(page: Page, text: string) {
  return page.locator(".diff-row").filter({ hasText: text });
}

/** Flux looks every minute and may be faster than the page: then it is done once more. */
async function seeAfter(change: () => Promise<unknown>, see: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await change();
    await see();
  }).toPass({ timeout: 60_000 });
}

/** From whichever diff page is open; then the Deployment's own says that it is as Flux wants it. */
async function reconcileAndSeeInSync(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Reconcile", exact: true }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(async () => {
    await page.goto("/clusters/a/Deployment/web/web/diff");
    await expect(page.getByText("In sync", { exact: true }).first()).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
  await alive(page);
}

test("kubectl scale on a Deployment of a Kustomization", async ({ open, page }) => {
  await seeAfter(
    () => kubectl("a", "-n", "web", "scale", "deployment", "web", "--replicas=5"),
    async () => {
      await open("/clusters/a/Deployment/web/web/diff");
      const replicas = changed(page, "replicas:");
      await expect(replicas.locator(".diff-text").nth(0)).toHaveText(/replicas: 2$/, { timeout: 5_000 });
      await expect(replicas.locator(".diff-text").nth(1)).toHaveText(/replicas: 5$/, { timeout: 5_000 });
      await expect(replicas.locator(".diff-blame")).toContainText("kubectl", { timeout: 5_000 });
      await expect(page.getByText("Drifted, will be corrected")).toBeVisible({ timeout: 5_000 });
    },
  );
  await reconcileAndSeeInSync(page);
  expect(await kubectl("a", "-n", "web", "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}")).toBe("2");
});

test("kubectl set image on the same Deployment, seen from its Kustomization", async ({ open, page }) => {
  await seeAfter(
    () => kubectl("a", "-n", "web", "set", "image", "deployment/web", "web=example.test/web:by-hand"),
    async () => {
      await open("/clusters/a/Kustomization/flux-system/web/diff?view=unified");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Deployment web", { timeout: 5_000 });
      const image = changed(page, "image:");
      await expect(image.filter({ hasText: "example.test/web:1.0.0" }).locator(".diff-desired").first()).toBeVisible({ timeout: 5_000 });
      await expect(image.filter({ hasText: "example.test/web:by-hand" }).locator(".diff-blame")).toContainText("kubectl-set", { timeout: 5_000 });
    },
  );
  await reconcileAndSeeInSync(page);
  const image = "jsonpath={.spec.template.spec.containers[0].image}";
  expect(await kubectl("a", "-n", "web", "get", "deployment", "web", "-o", image)).toBe("example.test/web:1.0.0");
});

test("a Deployment of a HelmRelease", async ({ open, page }) => {
  await seeAfter(
    () => kubectl("a", "-n", "demo", "scale", "deployment", "demo", "--replicas=1"),
    async () => {
      await open("/clusters/a/HelmRelease/demo/demo/diff");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Deployment demo", { timeout: 5_000 });
      const replicas = changed(page, "replicas:");
      await expect(replicas.locator(".diff-text").nth(0)).toHaveText(/replicas: 3$/, { timeout: 5_000 });
      await expect(replicas.locator(".diff-text").nth(1)).toHaveText(/replicas: 1$/, { timeout: 5_000 });
      await expect(replicas.locator(".diff-blame")).toContainText("kubectl", { timeout: 5_000 });
      await expect(page.getByText(/^exact, from .*dry-run$/)).toBeVisible({ timeout: 5_000 });
    },
  );
  await page.getByRole("button", { name: "Reconcile", exact: true }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect
    .poll(() => kubectl("a", "-n", "demo", "get", "deployment", "demo", "-o", "jsonpath={.spec.replicas}"), { timeout: 60_000 })
    .toBe("3");
});

test("what a suspended Kustomization leaves alone is drift that stays", async ({ open, page }) => {
  await kubectl("b", "-n", "flux-system", "patch", "kustomization", "web", "--type=merge", "-p", '{"spec":{"suspend":true}}');
  try {
    await kubectl("b", "-n", "web", "scale", "deployment", "web", "--replicas=4");
    await open("/clusters/b/Deployment/web/web/diff");
    await expect(changed(page, "replicas:").locator(".diff-text").nth(1)).toHaveText(/replicas: 4$/);
    await expect(page.getByText("Drifted, not corrected")).toBeVisible();
  } finally {
    await kubectl("b", "-n", "flux-system", "patch", "kustomization", "web", "--type=merge", "-p", '{"spec":{"suspend":false}}');
  }
  await expect
    .poll(() => kubectl("b", "-n", "web", "get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"), { timeout: 60_000 })
    .toBe("3");
});
