import { expect, test, type Page } from "../../fixtures/page";

function lines(page: Page) {
  return page.getByRole("log", { name: "Lines" }).locator(".log-row");
}

test("lines of all clusters are fetched in one order", async ({ open, page }) => {
  await open("/logs");
  await expect(page.getByRole("textbox", { name: "Namespaces" })).toHaveValue("flux-system");
  await expect(page.getByRole("spinbutton", { name: "Tail lines" })).toHaveValue("100");
  await page.getByRole("spinbutton", { name: "Tail lines" }).fill("3");
  await page.getByRole("button", { name: "Fetch logs" }).click();
  await expect(page).toHaveURL(/fetch=1/);
  await expect(page).toHaveURL(/tail=3/);
  await expect(lines(page).first()).toBeVisible();
  const times = await lines(page).locator("time").evaluateAll((times) => times.map((time) => time.getAttribute("datetime") ?? ""));
  expect(times.length).toBeGreaterThan(10);
  expect(times).toEqual(times.toSorted());
  for (const cluster of ["prod-eu", "prod-us", "staging"]) {
    await expect(lines(page).filter({ hasText: cluster }).first()).toBeAttached();
  }
});

test("the selection is an address", async ({ open, page }) => {
  await open("/logs?cluster=prod-eu&selector=app%3Dkustomize-controller&tail=5&fetch=1");
  await expect(page.getByRole("textbox", { name: "Label selector" })).toHaveValue("app=kustomize-controller");
  await expect(lines(page).first()).toBeVisible();
  await expect(lines(page).filter({ hasNotText: "kustomize-controller" })).toHaveCount(0);
  await expect(lines(page).filter({ hasNotText: "prod-eu" })).toHaveCount(0);
  await expect(lines(page)).toHaveCount(5);
});

test("clusters are chosen in a picker that needs no scripts", async ({ open, page }) => {
  await open("/logs");
  const sources = page.getByRole("form", { name: "Sources" }).or(page.locator("form.logs-sources")).first();
  await sources.locator("summary").click();
  await sources.getByRole("checkbox", { name: "staging" }).check();
  await sources.getByRole("checkbox", { name: "prod-us" }).check();
  await page.getByRole("button", { name: "Fetch logs" }).click();
  await expect(page).toHaveURL(/cluster=prod-us/);
  await expect(page).toHaveURL(/cluster=staging/);
  await expect(lines(page).first()).toBeVisible();
  await expect(lines(page).filter({ hasText: "prod-eu" })).toHaveCount(0);
});

test("a selection without lines says so", async ({ open, page }) => {
  await open("/logs?selector=app%3Dnobody&fetch=1");
  await expect(page.getByText("nothing matches this selection", { exact: false })).toBeVisible();
});
