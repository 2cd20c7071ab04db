import { expect, test, type Page } from "../../fixtures/page";

function rows(page: Page) {
  return page.getByRole("table", { name: "Flux resources" }).getByRole("row").filter({ has: page.getByRole("cell") });
}

function field(page: Page, name: string) {
  return page.getByRole("main").getByRole("textbox", { name });
}

test("the list has every Flux kind of every cluster, the worst first", async ({ open, page }) => {
  await open("/resources");
  await expect(rows(page).first()).toContainText("Failed");
  await expect(rows(page).first()).toContainText("reports");
  await expect(page.getByText(/^1 to \d+ of \d+$/)).toBeVisible();
  await expect(rows(page).first().getByRole("link", { name: "View diff" })).toHaveAttribute(
    "href",
    "/clusters/prod-us/Kustomization/flux-system/reports/diff",
  );
});

test("filters are a form whose answer is an address", async ({ open, page }) => {
  await open("/resources");
  await field(page, "Cluster").fill("prod-eu");
  await field(page, "Status").fill("stalled");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/cluster=prod-eu/);
  await expect(page).toHaveURL(/status=stalled/);
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText("checkout");
  await page.getByRole("link", { name: "Remove status: stalled" }).click();
  await expect(page).toHaveURL("/resources?cluster=prod-eu");
  await expect(rows(page).nth(1)).toBeVisible();
  await expect(field(page, "Cluster")).toHaveValue("prod-eu");
});

test("a pasted address shows the same list", async ({ open, page }) => {
  await open("/resources?cluster=prod-*&kind=HelmRelease&q=checkout");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("HelmReleases");
  await expect(rows(page)).toHaveCount(2);
  await expect(field(page, "Cluster")).toHaveValue("prod-*");
  await expect(field(page, "Name, message, revision")).toHaveValue("checkout");
});

test("windows of the list are links", async ({ open, page }) => {
  await open("/resources?limit=20");
  await expect(rows(page)).toHaveCount(20);
  const first = await rows(page).first().innerText();
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page).toHaveURL("/resources?offset=20&limit=20");
  await expect(page.getByText(/^21 to 40 of \d+$/)).toBeVisible();
  await expect(rows(page)).toHaveCount(20);
  expect(await rows(page).first().innerText()).not.toBe(first);
  await page.getByRole("link", { name: "Previous" }).click();
  await expect(page.getByText(/^1 to 20 of \d+$/)).toBeVisible();
});

test("the order is a link in the head of a column", async ({ open, page }) => {
  await open("/resources?cluster=staging");
  const column = page.getByRole("columnheader", { name: "Name", exact: true });
  await expect(column).toHaveAttribute("aria-sort", "none");
  await column.getByRole("link").click();
  await expect(column).toHaveAttribute("aria-sort", "ascending");
  await expect.poll(() => names(page).then((names) => names.length > 1 && names.every((name, at) => at === 0 || names[at - 1] <= name))).toBe(true);
  await column.getByRole("link").click();
  await expect(page).toHaveURL("/resources?cluster=staging&sort=name&descending=true");
  await expect(column).toHaveAttribute("aria-sort", "descending");
});

async function names(page: Page): Promise<string[]> {
  return rows(page).getByRole("rowheader").getByRole("link").allTextContents();
}

test("kinds and statuses filter by a click", async ({ open, page }) => {
  await open("/resources");
  await page.getByRole("navigation", { name: "Kinds" }).getByRole("link", { name: "Kustomizations" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kustomizations");
  await page.getByRole("link", { name: /^\d+ failed$/ }).last().click();
  await expect(page).toHaveURL("/resources?kind=Kustomization&status=failed");
  await expect(rows(page).first()).toContainText("reports");
});

test("a filter that nothing matches says so and offers the way back", async ({ open, page }) => {
  await open("/resources?q=there-is-no-such-thing");
  await expect(page.getByRole("heading", { name: "Nothing matches" })).toBeVisible();
  await page.getByRole("link", { name: "Clear filters" }).click();
  await expect(page).toHaveURL("/resources");
  await expect(rows(page).first()).toBeVisible();
});
