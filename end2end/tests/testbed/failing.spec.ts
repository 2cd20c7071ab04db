// What fails says why, in Flux's own words.

import { expect, test } from "../fixtures/page";

for (const [kind, namespace, name, status, message] of [
  ["Kustomization", "flux-system", "bad-build", "Failed: BuildFailed", "kustomize build failed"],
  ["Kustomization", "flux-system", "bad-path", "Failed: ArtifactFailed", "kustomization path not found"],
  ["Kustomization", "flux-system", "tenant", "Failed: ReconciliationFailed", "is forbidden"],
  ["Kustomization", "flux-system", "waits", "Waiting: DependencyNotReady", "flux-system/bad-path"],
]) {
  test(`${kind} ${name} shows its reason and message`, async ({ open, page }) => {
    await open(`/clusters/a/${kind}/${namespace}/${name}`);
    // It is tried again every minute, and says "progressing" meanwhile.
    await expect(page.getByText(status)).toBeVisible({ timeout: 60_000 });
    const ready = page.getByRole("table", { name: "Conditions" }).getByRole("row").filter({ hasText: "Ready" });
    await expect(ready).toContainText(message, { timeout: 60_000 });
  });
}

test("the list names every failure with its message", async ({ open, page }) => {
  await open("/resources?cluster=a&status=failed,stalled,waiting");
  for (const [name, message] of [
    ["bad-build", "kustomize build failed"],
    ["bad-values", /Helm install failed|Failed to install/],
    ["waits", "dependency"],
  ]) {
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
    await expect(row).toContainText(message, { timeout: 60_000 });
  }
});
