import { expect, test } from "../../fixtures/page";

test("the clusters page lists every cluster with its connection", async ({ open, page }) => {
  await open("/clusters");
  const table = page.getByRole("table", { name: "Clusters" });
  for (const name of ["prod-eu", "prod-us", "staging"]) {
    const row = table.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
    await expect(row).toContainText("connected");
    await expect(row).toContainText("http://127.0.0.1:");
  }
});

test("the registration form is there to be filled", async ({ open, page }) => {
  await open("/clusters");
  await page.getByRole("link", { name: "Register a cluster" }).click();
  await expect(page).toHaveURL("/clusters/new");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Register a cluster");
  for (const label of ["Kubeconfig", "Name", "Description"]) {
    await expect(page.getByRole("textbox", { name: label, exact: true })).toBeEditable();
  }
  await expect(page.getByRole("button", { name: "Register", exact: true })).toBeEnabled();
  await expect(page.getByText("kind: ServiceAccount").first()).toBeAttached();
});

test("a cluster page shows its Flux, its permissions and the way to its resources", async ({ open, page }) => {
  await open("/clusters/prod-eu");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("prod-eu");
  await expect(page.getByRole("main").getByText("connected", { exact: true })).toBeVisible();
  const controllers = page.getByRole("table", { name: "Flux components" });
  for (const name of ["source-controller", "kustomize-controller", "helm-controller"]) {
    await expect(controllers.getByRole("row").filter({ hasText: name })).toContainText("1/1 ready");
  }
  const permissions = page.getByRole("region", { name: "Permissions" });
  for (const permission of ["May read Flux objects", "May act on Flux objects", "May dry-run", "May read logs"]) {
    await expect(permissions.getByText(permission)).toBeVisible();
  }
  await page.getByRole("main").getByRole("link", { name: "Resources", exact: true }).click();
  await expect(page).toHaveURL("/resources?cluster=prod-eu");
  await expect(page.getByRole("table", { name: "Flux resources" }).getByRole("row").nth(1)).toContainText("prod-eu");
});
