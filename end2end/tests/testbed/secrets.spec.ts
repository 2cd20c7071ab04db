// No value of a Secret leaves the server: not in a page, not in a manifest, not in a diff, not where it differs.

import { expect, test } from "../fixtures/page";
import { annotate, apply, kubectl, push, pushed } from "../fixtures/testbed";

const BY_HAND = "canary-by-hand-81d2c6f4";
const IN_GIT = "canary-in-git-0b57e93a";
const DRIFTED = "canary-drifted-5f1d7c28";
const APPLIED = "canary-last-applied-c93e1b77";

function expectNone(text: string, where: string): void {
  for (const value of [BY_HAND, IN_GIT, DRIFTED, APPLIED]) {
    for (const shape of [value, Buffer.from(value).toString("base64")]) {
      expect(text.includes(shape), `${shape} in ${where}`).toBe(false);
    }
  }
}

test("canary values of Secrets are nowhere", async ({ open, page, request }) => {
  const kustomization = await pushed("apps/web/kustomization.yaml");
  await kubectl("a", "-n", "web", "create", "secret", "generic", "by-hand", `--from-literal=password=${BY_HAND}`);
  // kubectl apply leaves the whole object in an annotation.
  await apply("a", `apiVersion: v1\nkind: Secret\nmetadata: {name: applied, namespace: web}\nstringData: {password: ${APPLIED}}\n`);
  await push("Add a Secret", "apps/web/secret.yaml", `apiVersion: v1\nkind: Secret\nmetadata: {name: managed}\nstringData: {password: ${IN_GIT}}\n`);
  await push("Use the Secret", "apps/web/kustomization.yaml", kustomization.replace("- service.yaml", "- service.yaml\n- secret.yaml"));
  try {
    await annotate("a", "flux-system", "gitrepository/fleet");
    await expect.poll(() => kubectl("a", "-n", "web", "get", "secret", "-o", "name"), { timeout: 60_000 }).toContain("secret/managed");
    await kubectl("a", "-n", "web", "patch", "secret", "managed", "--type=merge", "-p", JSON.stringify({ stringData: { password: DRIFTED } }));

    for (const name of ["by-hand", "applied", "managed"]) {
      const object = `/clusters/a/Secret/web/${name}`;
      for (const address of [object, `${object}?tab=yaml`, `${object}/diff`, `${object}/diff?view=unified&full=1`, `${object}/diff?view=changes`]) {
        const response = await open(address);
        expectNone(await response.text(), address);
        expectNone(await page.content(), `${address} on screen`);
        await expect(page.getByRole("main")).toContainText(name);
      }
      for (const end of ["", "/manifest", "/diff"]) {
        const address = `/api/v1/clusters/a/resources/Secret/web/${name}${end}`;
        const answer = await request.get(address);
        expect(answer.status(), address).toBe(200);
        expectNone(await answer.text(), address);
      }
      const yaml = `/api/v1/clusters/a/resources/Secret/web/${name}/manifest`;
      expectNone(await (await request.get(yaml, { headers: { accept: "application/yaml" } })).text(), `${yaml} as YAML`);
    }
    for (const address of [
      "/api/v1/clusters/a/resources/Kustomization/flux-system/web/diff",
      "/api/v1/clusters/a/resources/Kustomization/flux-system/web",
      "/clusters/a/Kustomization/flux-system/web/diff",
      "/clusters/a/Kustomization/flux-system/web?tab=events",
    ]) {
      expectNone(await (await request.get(address)).text(), address);
    }
  } finally {
    await push("Take the Secret away", "apps/web/kustomization.yaml", kustomization);
    await push("Remove its file", "apps/web/secret.yaml", null);
    await kubectl("a", "-n", "web", "delete", "secret", "by-hand", "applied", "--ignore-not-found");
    await annotate("a", "flux-system", "gitrepository/fleet");
  }
});
