// An API server dies: it is said within seconds, the other cluster goes on, and everything comes back by itself.

import { expect, test } from "../fixtures/page";
import { annotate, service } from "../fixtures/testbed";

/** The product's promise is 5 s; one more for looking. */
const SAID_WITHIN_MS = 6_000;

test("a dead API server is said within 5 s and comes back without a reload", async ({ open, page }) => {
  await open("/");
  await page.evaluate(() => document.documentElement.setAttribute("data-test-mark", ""));
  const clusters = page.getByRole("region", { name: "Clusters" });
  const b = clusters.locator("a[href='/clusters/b']");
  await expect(page.getByText("2 of 2 clusters up")).toBeVisible();
  const killed = Date.now();
  await service("kill", "apiserver-b");
  try {
    await expect(b).toContainText("unreachable", { timeout: SAID_WITHIN_MS });
    expect(Date.now() - killed, "milliseconds from the kill to the word").toBeLessThanOrEqual(SAID_WITHIN_MS);
    await expect(page.getByText("1 of 2 clusters up")).toBeVisible();
    await expect(page.getByRole("region", { name: "Problems" })).toContainText("b");

    // The last truth stays to be read, and a is as alive as before.
    const other = await page.context().newPage();
    await other.goto("/resources?cluster=b&kind=Kustomization");
    await expect(other.getByRole("rowheader", { name: "web", exact: true })).toBeVisible();
    await other.goto("/clusters/a/Kustomization/flux-system/web");
    await annotate("a", "flux-system", "kustomization/web");
    await expect(other.getByText("Ready", { exact: true }).first()).toBeVisible();
    await other.close();
  } finally {
    await service("start", "apiserver-b");
  }
  await expect(page.getByText("2 of 2 clusters up")).toBeVisible({ timeout: 60_000 });
  await expect(b).not.toContainText("unreachable");
  await expect(page.locator("html")).toHaveAttribute("data-test-mark", "");
});
