// A real cluster comes by its kubeconfig.

import { expect, test } from "../fixtures/page";
import { kubeconfig } from "../fixtures/testbed";

test("b is registered once more from the web, watched, and removed", async ({ open, page }) => {
  await open("/clusters/new");
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(await kubeconfig("b"));
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("B again");
  await page.getByRole("button", { name: "Check" }).click();
  const checks = page.locator(".checks").getByRole("listitem");
  await expect(checks).toHaveCount(5);
  for (const [at, step] of ["Parsed", "Accepted", "Reachable", "Flux", "Permissions"].entries()) {
    await expect(checks.nth(at)).toContainText(step);
    await expect(checks.nth(at)).toContainText("Ready");
  }
  await expect(checks.nth(2)).toContainText("Kubernetes v1.");

  await page.getByRole("button", { name: "Register B again" }).click();
  await expect(page).toHaveURL("/clusters/b-again");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Clusters/ }).click();
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "B again", exact: true }) });
  await expect(row).toContainText("connected", { timeout: 30_000 });
  await page.goto("/resources?cluster=b-again&kind=Kustomization");
  await expect(page.getByRole("rowheader", { name: "paused", exact: true })).toBeVisible();

  await open("/clusters/b-again");
  await page.getByLabel("Remove B again").click();
  await page.getByRole("button", { name: "Remove B again" }).click();
  await expect(page).toHaveURL("/clusters");
  await expect(page.getByRole("rowheader", { name: "b", exact: true })).toBeVisible();
  await expect(row).toHaveCount(0);
});
