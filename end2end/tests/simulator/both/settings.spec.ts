// Users with their grants, and the trail of who did what.

import { expect, test } from "../../fixtures/page";

test("a user is created, limited, disabled and deleted, and the trail says so", async ({ open, page }) => {
  await open("/settings/users");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Users");
  const form = page.getByRole("region", { name: "New user" });
  await form.getByLabel("Name", { exact: true }).fill("grace");
  await form.getByLabel("Password").fill("a password of grace");
  await form.getByLabel("Role of grant 1").selectOption("operator");
  await form.getByLabel("Clusters of grant 1").fill("staging, prod-eu");
  await form.getByLabel("Namespaces of grant 1").fill("shop");
  await form.getByRole("button", { name: "Create user" }).click();
  const users = page.getByRole("table", { name: "Users" });
  const row = users.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "grace" }) });
  await expect(row).toContainText("operator on staging, prod-eu in shop");

  await row.getByRole("link", { name: "grace" }).click();
  await expect(page).toHaveURL("/settings/users/grace");
  const grants = page.getByRole("region", { name: "Grants" });
  await expect(grants.getByLabel("Role of grant 1")).toHaveValue("operator");
  await grants.getByLabel("Role of grant 2").selectOption("viewer");
  await grants.getByRole("button", { name: "Save grants" }).click();
  await expect(grants.getByLabel("Role of grant 3")).toBeVisible();
  await expect(grants.getByLabel("Role of grant 2")).toHaveValue("viewer");
  await expect(grants.getByLabel("Clusters of grant 1")).toHaveValue("staging, prod-eu");

  await page.getByRole("button", { name: "Disable" }).click();
  await expect(page.getByText("disabled", { exact: true })).toBeVisible();
  await expect(grants.getByLabel("Role of grant 2")).toHaveValue("viewer");

  await page.getByLabel("Delete grace").click();
  await page.getByRole("button", { name: "Delete grace" }).click();
  await expect(page).toHaveURL("/settings/users");
  await expect(users.getByRole("rowheader", { name: "grace" })).toHaveCount(0);

  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Audit" }).click();
  await expect(page).toHaveURL("/settings/audit");
  await page.getByLabel("Any action").selectOption("manage_users");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/verb=manage_users/);
  const trail = page.getByRole("table", { name: "Audit trail" });
  await expect(trail.getByRole("row").filter({ hasText: "grace" }).first()).toContainText("succeeded");
});

test.describe("refusals", () => {
  test.use({ refusals: [400] });

  test("a name that cannot be is refused in words", async ({ open, page }) => {
    await open("/settings/users");
    const form = page.getByRole("region", { name: "New user" });
    await form.getByLabel("Name", { exact: true }).fill("Grace Hopper");
    await form.getByLabel("Password").fill("a password of grace");
    await form.getByRole("button", { name: "Create user" }).click();
    await expect(page.getByRole("alert")).toContainText("A name has 1 to 64");
  });
});

test("without sign-in there is no account, and the page says so", async ({ open, page }) => {
  await open("/account");
  await expect(page.getByText("This server runs without sign-in")).toBeVisible();
});
