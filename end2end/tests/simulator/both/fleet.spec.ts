import { expect, test } from "../../fixtures/page";

test.beforeEach(({ open }) => open("/"));

test("the fleet page shows every cluster with its versions and counts", async ({ page }) => {
  await expect(page).toHaveTitle("Fleet · flux-orchestrator");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Fleet");
  await expect(page.getByText("3 of 3 clusters up")).toBeVisible();
  const clusters = page.getByRole("region", { name: "Clusters" });
  for (const name of ["prod-eu", "prod-us", "staging"]) {
    const card = clusters.getByRole("link").filter({ hasText: name });
    await expect(card).toContainText(/[1-9]\d* resources/);
    await expect(card).toContainText(/flux v?2\.\d+\.\d+/);
    await expect(card).toContainText(/k8s v?1\.\d+/);
  }
});

test("what needs attention names the object, the cluster and the reason", async ({ page }) => {
  const attention = page.getByRole("region", { name: "Needs attention" });
  const reports = attention.getByRole("listitem").filter({ hasText: "Kustomization reports" });
  await expect(reports.getByText("Failed", { exact: true })).toBeVisible();
  await expect(reports).toContainText("path not found");
  await expect(reports.getByRole("link", { name: "prod-us" })).toHaveAttribute("href", "/clusters/prod-us");
  const checkout = attention.getByRole("listitem").filter({ hasText: "HelmRelease checkout" });
  await expect(checkout.getByText("Stalled", { exact: true })).toBeVisible();
});

test("recent changes lead to their objects", async ({ page }) => {
  const recent = page.getByRole("region", { name: "Recent changes" });
  const first = recent.getByRole("listitem").first().getByRole("link");
  const href = await first.getAttribute("href");
  await first.click();
  await expect(page).toHaveURL(href ?? "no link");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
});

test("the navigation leads to every page and marks where one is", async ({ page }) => {
  const navigation = page.getByRole("navigation", { name: "Main" });
  for (const [link, address, heading] of [
    ["Clusters", "/clusters", "Clusters"],
    ["Resources", "/resources", "Resources"],
    ["Drift", "/resources?status=drifted", "Resources"],
    ["Logs", "/logs", "Logs"],
    ["Fleet", "/", "Fleet"],
  ]) {
    await navigation.getByRole("link", { name: new RegExp(`^${link}`) }).click();
    await expect(page).toHaveURL(address);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    await expect(navigation.locator("[aria-current=page]")).toContainText(link);
  }
});
