// REST as scripts use it: the requests of the requirements give the answers of the requirements.

import { expect, test } from "../../fixtures/page";
import { SimulatedCluster } from "../../fixtures/simulated_cluster";

const JSON_TYPE = "application/json";

test("the manifest of an object is JSON, or YAML where that is asked for", async ({ request }) => {
  const address = "/api/clusters/prod-eu/resources/Kustomization/flux-system/payments/manifest";
  const json = await request.get(address);
  expect(json.headers()["content-type"]).toContain(JSON_TYPE);
  expect(await json.json()).toMatchObject({ kind: "Kustomization", metadata: { name: "payments", namespace: "flux-system" } });
  const yaml = await request.get(address, { headers: { accept: "application/yaml" } });
  expect(yaml.headers()["content-type"]).toContain("yaml");
  expect(await yaml.text()).toContain("kind: Kustomization\n");
});

test("a diff has desired, actual and conditions", async ({ request }) => {
  const answer = await request.get("/api/clusters/prod-eu/resources/Kustomization/flux-system/payments/diff");
  expect(answer.status()).toBe(200);
  const diff = await answer.json();
  expect(diff.desired).toContain("kind: Kustomization");
  expect(diff.actual).toContain("kind: Kustomization");
  expect(diff.conditions).toContainEqual(
    expect.objectContaining({ type: "Ready", status: "True", reason: "ReconciliationSucceeded", message: expect.stringContaining("Applied revision: ") }),
  );
  expect(diff.objects).toContainEqual(expect.objectContaining({ object: expect.objectContaining({ kind: "Deployment", name: "payments-api" }) }));
});

test("logs of many clusters are one list in time order", async ({ request }) => {
  const answer = await request.post("/api/logs/aggregated", {
    data: {
      cluster_ids: ["prod-eu", "prod-us"],
      namespaces: ["flux-system", "default"],
      label_selector: "app=kustomize-controller",
      tail_lines: 10,
    },
  });
  expect(answer.status()).toBe(200);
  const { logs } = await answer.json();
  expect(logs).toHaveLength(20);
  expect(logs[0]).toMatchObject({ namespace: "flux-system", container: "manager", pod_name: expect.stringMatching(/^kustomize-controller-/) });
  const times = logs.map((line: { timestamp: string }) => line.timestamp);
  expect(times).toEqual(times.toSorted());
  expect(new Set(logs.map((line: { cluster_id: string }) => line.cluster_id))).toEqual(new Set(["prod-eu", "prod-us"]));
});

test("an empty request for logs reads flux-system of all clusters", async ({ request }) => {
  const { logs } = await (await request.post("/api/logs/aggregated", { data: {} })).json();
  expect(new Set(logs.map((line: { namespace: string }) => line.namespace))).toEqual(new Set(["flux-system"]));
  expect(new Set(logs.map((line: { cluster_id: string }) => line.cluster_id))).toEqual(new Set(["prod-eu", "prod-us", "staging"]));
});

test("reconcile answers when the controller has handled it", async ({ request }) => {
  const answer = await request.post("/api/v1/resources/reconcile", {
    data: { cluster_id: "staging", kind: "Kustomization", namespace: "flux-system", name: "tenants" },
  });
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ stage: "done", health: "ready" });
});

test("what does not exist is a 404 in JSON", async ({ request }) => {
  for (const path of ["/api/v1/nowhere", "/api/nowhere", "/api/v1/clusters/nowhere", "/api/v1/clusters/prod-eu/resources/Kustomization/flux-system/nobody"]) {
    const answer = await request.get(path);
    expect(answer.status(), path).toBe(404);
    expect(answer.headers()["content-type"], path).toContain(JSON_TYPE);
    const error = await answer.json();
    expect(error, path).toMatchObject({ code: "not_found", message: expect.any(String) });
    expect(error.request_id, path).toBe(answer.headers()["x-request-id"]);
  }
});

test("a cluster is registered, read, changed, synced and removed", async ({ request }) => {
  const { kubeconfig } = new SimulatedCluster("prod-us");
  const created = await request.post("/api/v1/clusters", { data: { name: "By REST", description: "a test", kubeconfig } });
  expect(created.status()).toBe(201);
  const cluster = await created.json();
  expect(cluster).toMatchObject({ id: "by-rest", name: "By REST", description: "a test" });
  expect(cluster.permissions.length).toBeGreaterThan(3);
  expect(JSON.stringify(cluster)).not.toContain("token");

  const changed = await request.put("/api/v1/clusters/by-rest", { data: { description: "changed" } });
  expect(await changed.json()).toMatchObject({ id: "by-rest", description: "changed" });
  const synced = await (await request.post("/api/v1/clusters/by-rest/sync")).json();
  expect(synced).toMatchObject({ cluster_id: "by-rest", problems: [] });
  expect(synced.total).toBeGreaterThan(10);

  expect((await request.delete("/api/v1/clusters/by-rest")).status()).toBe(204);
  expect((await request.get("/api/v1/clusters/by-rest")).status()).toBe(404);
});

test("a cluster that does not answer is a 422 with the probe's steps, and saved only if that is asked for", async ({ request }) => {
  const kubeconfig = new SimulatedCluster("prod-us").kubeconfig.replace(/server: .*/, "server: http://127.0.0.1:9");
  const refused = await request.post("/api/v1/clusters", { data: { name: "Down", kubeconfig } });
  expect(refused.status()).toBe(422);
  const { code, details } = await refused.json();
  expect(code).toBe("refused");
  expect(details.steps.map((step: { name: string; outcome: string }) => [step.name, step.outcome])).toEqual([
    ["parsed", "passed"],
    ["accepted", "passed"],
    ["reachable", "failed"],
    ["Flux", "skipped"],
    ["permissions", "skipped"],
  ]);
  const saved = await request.post("/api/v1/clusters", { data: { name: "Down", kubeconfig, allow_unreachable: true } });
  expect(saved.status()).toBe(201);
  expect((await request.delete("/api/v1/clusters/down")).status()).toBe(204);
});

test("no answer holds the value of a Secret", async ({ request }) => {
  for (const path of [
    "/api/v1/clusters/prod-eu/resources/Secret/payments/payments-db/manifest",
    "/api/v1/clusters/prod-eu/resources/Secret/payments/payments-db/diff",
    "/api/v1/clusters/prod-eu/resources/Secret/payments/payments-db",
    "/api/v1/clusters/prod-eu/resources/Kustomization/flux-system/payments/diff",
  ]) {
    const text = await (await request.get(path)).text();
    expect(text, path).not.toContain("s3cr3t-ledger");
    expect(text, path).not.toContain(Buffer.from("s3cr3t-ledger").toString("base64"));
  }
});
