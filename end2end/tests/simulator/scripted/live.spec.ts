// What changes on a cluster changes on the screen, in place.

import type { WebSocketRoute } from "@playwright/test";
import { alive, expect, test, type Page } from "../../fixtures/page";
import { fluxPath, SimulatedCluster } from "../../fixtures/simulated_cluster";

const PODINFO = fluxPath("Kustomization", "flux-system", "podinfo");
const MESSAGE = "kustomize build failed: accumulating resources: no such file";

/** Makes the Kustomization podinfo of staging fail for as long as the body runs. */
async function whilePodinfoFails(body: () => Promise<void>): Promise<void> {
  const staging = new SimulatedCluster("staging");
  const { status } = await staging.get(PODINFO);
  const conditions = status.conditions.map((condition: { type: string }) =>
    condition.type === "Ready" ? { ...condition, status: "False", reason: "BuildFailed", message: MESSAGE } : condition,
  );
  await staging.patch(`${PODINFO}/status`, { status: { conditions } }, "kustomize-controller");
  try {
    await body();
  } finally {
    await staging.patch(`${PODINFO}/status`, { status: { conditions: status.conditions } }, "kustomize-controller");
  }
}

/** Fails if the page was loaded anew between the call and the call of what it returns. */
async function sameDocument(page: Page): Promise<() => Promise<void>> {
  const mark = `mark-${Math.random()}`;
  await page.evaluate((mark) => document.documentElement.setAttribute("data-test-mark", mark), mark);
  return () => expect(page.locator("html")).toHaveAttribute("data-test-mark", mark);
}

test("a row changes where it stands, without a reload", async ({ open, page }) => {
  await open("/resources?cluster=staging&kind=Kustomization&sort=name");
  const unchanged = await sameDocument(page);
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "podinfo", exact: true }) });
  await expect(row.getByText("Ready", { exact: true })).toBeVisible();
  await whilePodinfoFails(async () => {
    await expect(row.getByText("Failed", { exact: true })).toBeVisible();
    await expect(row).toContainText(MESSAGE);
  });
  await expect(row.getByText("Ready", { exact: true })).toBeVisible();
  await unchanged();
});

test("rows join and leave a filtered list, and the address stays", async ({ open, page }) => {
  const address = "/resources?cluster=staging&kind=Kustomization&status=failed";
  await open(address);
  const row = page.getByRole("rowheader", { name: "podinfo", exact: true });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kustomizations");
  await expect(row).toHaveCount(0);
  await whilePodinfoFails(async () => {
    await expect(row).toBeVisible();
    await expect(page).toHaveURL(address);
    await page.reload();
    await alive(page);
    await expect(row).toBeVisible();
  });
  await expect(row).toHaveCount(0);
  await expect(page).toHaveURL(address);
});

test("the fleet page and the navigation count what fails", async ({ open, page }) => {
  await open("/");
  const attention = page.getByRole("region", { name: "Needs attention" });
  const count = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Resources/ }).locator(".count");
  const before = Number(await count.evaluate((count) => count.firstChild?.textContent));
  await whilePodinfoFails(async () => {
    await expect(attention.getByRole("listitem").filter({ hasText: "Kustomization podinfo" })).toContainText(MESSAGE);
    await expect(count).toContainText(String(before + 1));
  });
  await expect(attention.getByText(MESSAGE)).toHaveCount(0);
  await expect(count).toContainText(String(before));
});

test("an open cluster counts what fails on it", async ({ open, page }) => {
  await open("/clusters/staging");
  const unchanged = await sameDocument(page);
  const failed = page.locator(".bar-legend").getByRole("link", { name: /^\d+ failed$/ });
  const before = (await failed.count()) === 0 ? 0 : Number((await failed.innerText()).match(/\d+/)?.[0]);
  await whilePodinfoFails(async () => {
    await expect(failed).toHaveText(`${before + 1} failed`);
  });
  await expect(failed).toHaveCount(before === 0 ? 0 : 1);
  await unchanged();
});

test("an open object shows its new condition", async ({ open, page }) => {
  await open("/clusters/staging/Kustomization/flux-system/podinfo");
  const ready = page.getByRole("table", { name: "Conditions" }).getByRole("row").filter({ hasText: "Ready" });
  await expect(ready).not.toContainText("BuildFailed");
  await whilePodinfoFails(async () => {
    await expect(page.getByText("Failed: BuildFailed")).toBeVisible();
    await expect(ready).toContainText(MESSAGE);
  });
  await expect(ready).not.toContainText("BuildFailed");
});

test("a lost connection is said, and comes back by itself with what was missed", async ({ page }) => {
  const connections: WebSocketRoute[] = [];
  await page.routeWebSocket("**/api/v1/watch", (socket) => {
    connections.push(socket);
    socket.connectToServer();
  });
  await page.goto("/resources?cluster=staging&kind=Kustomization&sort=name");
  await alive(page);
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "podinfo", exact: true }) });
  await expect(row.getByText("Ready", { exact: true })).toBeVisible();
  await connections[0].close({ code: 1001 });
  await expect(page.getByRole("banner").getByRole("status")).toHaveText(/^reconnecting/);
  await whilePodinfoFails(async () => {
    await alive(page);
    await expect(row.getByText("Failed", { exact: true })).toBeVisible();
  });
  await expect(row.getByText("Ready", { exact: true })).toBeVisible();
  expect(connections).toHaveLength(2);
});
