import { FAILED_KUSTOMIZATION, HELM_RELEASE, KUSTOMIZATION } from "../../fixtures/addresses";
import { expect, test } from "../../fixtures/page";

test("a failed object says why", async ({ open, page }) => {
  await open(FAILED_KUSTOMIZATION);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("reports");
  await expect(page.getByText("Failed: ArtifactFailed")).toBeVisible();
  const ready = page.getByRole("table", { name: "Conditions" }).getByRole("row").filter({ hasText: "Ready" });
  await expect(ready).toContainText("ArtifactFailed");
  await expect(ready).toContainText("path not found");
});

test("every tab of an object is an address", async ({ open, page }) => {
  await open(KUSTOMIZATION);
  const tabs = page.getByRole("navigation", { name: "Views of payments" });
  await expect(tabs.locator("[aria-current=page]")).toHaveText("Overview");
  await expect(page.getByRole("heading", { name: "Conditions" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Facts" })).toContainText("./apps/payments");

  await tabs.getByRole("link", { name: "Inventory" }).click();
  await expect(page).toHaveURL(`${KUSTOMIZATION}?tab=inventory`);
  const managed = page.getByRole("list", { name: "Managed objects" }).getByRole("listitem");
  await expect(managed.filter({ hasText: "Deployment" })).toContainText("payments-api");
  await expect(managed.filter({ hasText: "Secret" })).toContainText("payments-db");

  await tabs.getByRole("link", { name: "Events" }).click();
  await expect(page).toHaveURL(`${KUSTOMIZATION}?tab=events`);
  await expect(page.getByRole("list", { name: "Events" }).or(page.getByRole("heading", { name: "No events" }))).toBeVisible();

  await tabs.getByRole("link", { name: "YAML" }).click();
  await expect(page).toHaveURL(`${KUSTOMIZATION}?tab=yaml`);
  const yaml = page.getByRole("main").locator(".code");
  await expect(yaml).toContainText("kind: Kustomization");
  await expect(yaml).toContainText("path: \"./apps/payments\"");
  await expect(yaml).not.toContainText("managedFields");

  await tabs.getByRole("link", { name: "Diff" }).click();
  await expect(page).toHaveURL(`${KUSTOMIZATION}/diff`);
});

test("an object leads to whoever manages it", async ({ open, page }) => {
  await open(HELM_RELEASE);
  await page.getByRole("link", { name: "Kustomization infra" }).click();
  await expect(page).toHaveURL("/clusters/prod-eu/Kustomization/flux-system/infra");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("infra");
});

test("a workload that Flux manages has a page too", async ({ open, page }) => {
  await open("/clusters/prod-eu/Deployment/payments/payments-api?tab=yaml");
  await expect(page.getByRole("main").locator(".code")).toContainText("registry.acme.dev/payments:4.2.0");
});

test("a Secret is shown without its values", async ({ open, page }) => {
  await open("/clusters/prod-eu/Secret/payments/payments-db?tab=yaml");
  await expect(page.getByRole("main").locator(".code")).toContainText("password:");
  const whole = await page.content();
  expect(whole).not.toContain("s3cr3t-ledger");
  expect(whole).not.toContain(Buffer.from("s3cr3t-ledger").toString("base64"));
});
