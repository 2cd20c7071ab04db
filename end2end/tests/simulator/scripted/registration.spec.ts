// A cluster comes by its kubeconfig, and goes again.

import { expect, test } from "../../fixtures/page";
import { SimulatedCluster } from "../../fixtures/simulated_cluster";

const STEPS = ["Parsed", "Accepted", "Reachable", "Flux", "Permissions"];

test("a pasted kubeconfig is checked step by step, registered, watched and removed", async ({ open, page }) => {
  const { kubeconfig } = new SimulatedCluster("staging");
  await open("/clusters/new");
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill(kubeconfig);
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Staging again");
  await expect(page.getByText("/clusters/staging-again")).toBeVisible();
  await page.getByRole("button", { name: "Check" }).click();
  const checks = page.locator(".checks").getByRole("listitem");
  await expect(checks).toHaveCount(STEPS.length);
  for (const [at, step] of STEPS.entries()) {
    await expect(checks.nth(at)).toContainText(step);
    await expect(checks.nth(at)).toContainText("Ready");
  }
  await expect(checks.nth(2)).toContainText("Kubernetes v1.");
  await expect(checks.nth(3)).toContainText("kinds");

  await page.getByRole("button", { name: "Register Staging again" }).click();
  await expect(page).toHaveURL("/clusters/staging-again");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Staging again");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Clusters/ }).click();
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "Staging again", exact: true }) });
  await expect(row).toContainText("connected");

  await row.getByRole("link", { name: "Staging again" }).click();
  await page.getByLabel("Remove Staging again").click();
  await expect(page.getByText("Nothing changes on the cluster.")).toBeVisible();
  await page.getByRole("button", { name: "Remove Staging again" }).click();
  await expect(page).toHaveURL("/clusters");
  await expect(page.getByRole("rowheader", { name: "staging", exact: true })).toBeVisible();
  await expect(row).toHaveCount(0);
});

test.describe("refusals", () => {
  test.use({ refusals: [422] });

  test("every refused field is named, with the way on", async ({ open, page }) => {
    await open("/clusters/new");
    await page.getByRole("textbox", { name: "Kubeconfig" }).fill(REFUSED);
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("Refused");
    await page.getByRole("button", { name: "Register Refused" }).click();
    const accepted = page.locator(".checks").getByRole("listitem").filter({ hasText: "Accepted" });
    await expect(accepted).toContainText("Failed");
    for (const field of ["cluster.insecure-skip-tls-verify", "cluster.proxy-url", "user.exec"]) {
      await expect(accepted).toContainText(field);
    }
    await expect(accepted).toContainText("apply the service account manifest and use its token");
    await expect(page.locator(".field-error")).toBeVisible();
    await expect(page).toHaveURL("/clusters/new");
  });

  test("a cluster that does not answer is refused, with the step that failed", async ({ open, page }) => {
    await open("/clusters/new");
    await page.getByRole("textbox", { name: "Kubeconfig" }).fill(UNREACHABLE);
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("Gone");
    await page.getByRole("button", { name: "Register Gone" }).click();
    const checks = page.locator(".checks").getByRole("listitem");
    await expect(checks.filter({ hasText: "Parsed" })).toContainText("Ready");
    await expect(checks.filter({ hasText: "Reachable" })).toContainText("Failed");
    await expect(page).toHaveURL("/clusters/new");
  });
});

test("text that is no kubeconfig fails the first check", async ({ open, page }) => {
  await open("/clusters/new");
  await page.getByRole("textbox", { name: "Kubeconfig" }).fill("not: a kubeconfig");
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("Nonsense");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.locator(".checks").getByRole("listitem").first()).toContainText("Failed");
});

test("the manifests for a cluster without a kubeconfig stand on the page", async ({ open, page }) => {
  await open("/clusters/new");
  for (const title of ["Read", "Reconcile, suspend and resume", "Exact diffs by dry-run"]) {
    await page.locator("summary", { hasText: new RegExp(`^\\s*${title}$`) }).click();
    await expect(page.getByRole("region", { name: title, exact: true })).toContainText("apiVersion:");
  }
});

const REFUSED = `apiVersion: v1
kind: Config
current-context: refused
clusters:
- name: refused
  cluster: {server: "https://10.1.2.3:6443", insecure-skip-tls-verify: true, proxy-url: "http://proxy.example:3128"}
contexts:
- name: refused
  context: {cluster: refused, user: refused}
users:
- name: refused
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}
`;

// Port 9 (discard) of this machine: nobody listens there.
const UNREACHABLE = `apiVersion: v1
kind: Config
current-context: gone
clusters:
- name: gone
  cluster: {server: "http://127.0.0.1:9"}
contexts:
- name: gone
  context: {cluster: gone, user: gone}
users:
- name: gone
  user: {token: nothing}
`;
