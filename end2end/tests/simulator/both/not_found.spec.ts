import { expect, test } from "../../fixtures/page";

test.use({ refusals: [404] });

test("an address that leads nowhere is a 404 with a way back", async ({ open, page }) => {
  const response = await open("/nowhere");
  expect(response.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not found");
  await page.getByRole("link", { name: "Go to the fleet" }).click();
  await expect(page).toHaveURL("/");
});

for (const address of [
  "/clusters/nowhere",
  "/clusters/prod-eu/Kustomization/flux-system/nobody",
  "/clusters/prod-eu/Kustomization/flux-system/nobody/diff",
  "/clusters/prod-eu/NoSuchKind/flux-system/nobody",
]) {
  test(`${address} is a 404 that names what is missing`, async ({ open, page }) => {
    const response = await open(address);
    expect(response.status()).toBe(404);
    await expect(page.getByRole("alert")).toContainText("Not found");
    await expect(page.getByRole("alert")).toContainText(/nowhere|nobody|NoSuchKind/);
  });
}
