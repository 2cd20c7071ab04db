// The requirement's requests give the requirement's answers, on real clusters.

import { expect, test } from "../fixtures/page";
import { kubeconfig, kubectl } from "../fixtures/testbed";

test("manifest", async ({ request }) => {
  const answer = await request.get("/api/clusters/a/resources/Kustomization/flux-system/web/manifest");
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "web", namespace: "flux-system" },
    spec: { path: "./apps/web" },
  });
});

test("diff", async ({ request }) => {
  const answer = await request.get("/api/clusters/a/resources/HelmRelease/demo/demo/diff");
  expect(answer.status()).toBe(200);
  const diff = await answer.json();
  expect(typeof diff.desired).toBe("string");
  expect(diff.actual).toMatch(/^apiVersion: helm\.toolkit\.fluxcd\.io\/v2\nkind: HelmRelease\n/);
  expect(diff.conditions).toContainEqual(expect.objectContaining({ type: "Ready", status: "True", reason: "InstallSucceeded" }));
  expect(diff.objects).toContainEqual(expect.objectContaining({ object: expect.objectContaining({ kind: "Deployment", name: "demo" }) }));
  // Applied by hand: there is nobody to desire it, and that is said.
  expect(diff.desired === "" ? diff.problems.length : 1).toBeGreaterThan(0);
});

test("aggregated logs", async ({ request }) => {
  const answer = await request.post("/api/logs/aggregated", {
    data: { cluster_ids: ["a", "b"], namespaces: ["flux-system", "default"], label_selector: "app=source-controller", tail_lines: 100 },
  });
  expect(answer.status()).toBe(200);
  const { logs } = await answer.json();
  expect(logs.length).toBeGreaterThan(10);
  for (const line of logs) {
    expect(line).toEqual(expect.objectContaining({
      cluster_id: expect.stringMatching(/^[ab]$/),
      cluster_name: expect.any(String),
      pod_name: expect.stringMatching(/^source-controller-/),
      namespace: "flux-system",
      container: "manager",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
      message: expect.any(String),
    }));
  }
  const times = logs.map((line: { timestamp: string }) => line.timestamp);
  expect(times).toEqual(times.toSorted());
});

test("reconcile", async ({ request }) => {
  const answer = await request.post("/api/v1/resources/reconcile", {
    data: { cluster_id: "b", kind: "Kustomization", namespace: "flux-system", name: "web", with_source: true },
    timeout: 90_000,
  });
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ stage: "done", message: expect.stringContaining("Applied revision") });
});

test("what does not exist is a 404 in JSON", async ({ request }) => {
  for (const path of ["/api/v1/nowhere", "/api/v1/clusters/nowhere", "/api/v1/clusters/a/resources/Kustomization/flux-system/nobody/diff"]) {
    const answer = await request.get(path);
    expect(answer.status(), path).toBe(404);
    expect(await answer.json(), path).toMatchObject({ code: "not_found" });
  }
});

test("a cluster is registered with 201, with versions and permissions held", async ({ request }) => {
  const answer = await request.post("/api/v1/clusters", {
    data: { name: "By REST", description: "b once more", kubeconfig: await kubeconfig("b") },
  });
  expect(answer.status()).toBe(201);
  const cluster = await answer.json();
  expect(cluster).toMatchObject({ id: "by-rest", name: "By REST", kubernetes_version: expect.stringContaining("1."), status: { state: expect.any(String) } });
  expect(cluster.permissions.every((permission: { held: boolean }) => permission.held)).toBe(true);
  expect((await request.delete("/api/v1/clusters/by-rest")).status()).toBe(204);
});

test("a cluster that does not answer is refused with 422 and the steps", async ({ request }) => {
  const gone = (await kubeconfig("b")).replace(/server: "[^"]*"/, 'server: "https://127.0.0.1:9"');
  const answer = await request.post("/api/v1/clusters", { data: { name: "Gone", kubeconfig: gone } });
  expect(answer.status()).toBe(422);
  const { details } = await answer.json();
  expect(details.steps.map((step: { outcome: string }) => step.outcome)).toEqual(["passed", "passed", "failed", "skipped", "skipped"]);
});

test("a sync waits and counts what it found", async ({ request }) => {
  const found = await (await request.post("/api/v1/clusters/a/sync", { timeout: 60_000 })).json();
  const real = (await kubectl("a", "get", "kustomizations", "-A", "-o", "name")).split("\n").length;
  expect(found.kinds).toContainEqual({ kind: "Kustomization", count: real });
});
