// A push to Git is on the screen without a reload.

import { expect, test } from "../fixtures/page";
import { annotate, push } from "../fixtures/testbed";

test("a new revision arrives at the source and at the Kustomization", async ({ open, page }) => {
  await open("/resources?cluster=a&sort=name");
  await page.evaluate(() => document.documentElement.setAttribute("data-test-mark", ""));
  const row = (kind: string, name: string) =>
    page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) }).filter({ has: page.getByRole("cell", { name: kind, exact: true }) });
  const revision = await push("Say that somebody was here", "notes.txt", `${new Date().toISOString()}\n`);
  try {
    const short = `main@${revision.slice("main@sha1:".length, "main@sha1:".length + 7)}`;
    await annotate("a", "flux-system", "gitrepository/fleet");
    await expect(row("GitRepository", "fleet")).toContainText(short, { timeout: 30_000 });
    await expect(row("Kustomization", "web")).toContainText(short, { timeout: 60_000 });
    await expect(page.locator("html")).toHaveAttribute("data-test-mark", "");
  } finally {
    await push("Take the note away", "notes.txt", null);
  }
});
