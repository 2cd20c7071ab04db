// What is told once: a password that the server made.

import { expect, test } from "../../fixtures/page";

test("a password that the server makes is shown once", async ({ open, page }) => {
  await open("/settings/users");
  const form = page.getByRole("region", { name: "New user" });
  await form.getByLabel("Name", { exact: true }).fill("alan");
  await form.getByLabel("Role of grant 1").selectOption("viewer");
  await form.getByRole("button", { name: "Create user" }).click();
  const said = page.getByRole("status").filter({ hasText: "The password of alan is" });
  await expect(said.locator("code")).toHaveText(/^\S{12,}$/);
  await page.reload();
  await expect(page.getByRole("rowheader", { name: "alan" })).toBeVisible();
  await expect(said).toHaveCount(0);
  await open("/settings/users/alan");
  await page.getByLabel("Delete alan").click();
  await page.getByRole("button", { name: "Delete alan" }).click();
  await expect(page).toHaveURL("/settings/users");
});
