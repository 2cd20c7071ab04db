// Logs of both clusters in one true order while pods come and go. Each container numbers its lines, so nothing can be lost
// or come twice unseen.

import { readFile } from "node:fs/promises";
import { expect, test, type Page } from "../fixtures/page";
import { kubectl, type ClusterId } from "../fixtures/testbed";

interface Line {
  time: string;
  /** `CLUSTER/NAMESPACE/POD/CONTAINER`, as the line itself says. */
  source: string;
  number: number;
  text: string;
}

/** `TIME CLUSTER NAMESPACE/POD/CONTAINER canary CLUSTER/NAMESPACE/POD/CONTAINER NUMBER TIME` */
const CANARY = /^(\S+) (\S+) (\S+) canary (\S+) (\d+) \S+$/;

/** Lines that the server marked as late, by time and text. */
function listenForLate(page: Page): Set<string> {
  const late = new Set<string>();
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const frame = socket.url().endsWith("/logs/stream") ? JSON.parse(String(payload)) : {};
      for (const line of frame.type === "batch" ? frame.lines : []) {
        if (line.late) {
          late.add(`${line.timestamp} ${line.message}`);
        }
      }
    });
  });
  return late;
}

async function pods(cluster: ClusterId): Promise<string[]> {
  const names = await kubectl(cluster, "-n", "web", "get", "pods", "-l", "app=web", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].metadata.name}");
  return names.split(" ").filter(Boolean);
}

async function download(page: Page): Promise<string[]> {
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download logs" }).click();
  return (await readFile(await (await downloading).path(), "utf8")).trimEnd().split("\n");
}

test("lines of both clusters are interleaved in true order while pods are deleted", async ({ open, page }) => {
  const late = listenForLate(page);
  await open("/logs?namespaces=web&selector=app%3Dweb&tail=5&live=1");
  await expect(page.locator(".logs-coverage")).toHaveText(/^streaming [5-9] of [5-9] containers/);
  const before = { a: await pods("a"), b: await pods("b") };
  await Promise.all([
    kubectl("a", "-n", "web", "delete", "pod", before.a[0], "--wait=false"),
    kubectl("b", "-n", "web", "delete", "pod", before.b[0], "--wait=false"),
  ]);

  // Until a new pod of each cluster has written ten lines.
  let lines: string[] = [];
  await expect
    .poll(async () => {
      lines = await download(page);
      const fresh = canaries(lines).filter((line) => line.number >= 10 && !Object.values(before).flat().includes(line.source.split("/")[2]));
      return new Set(fresh.map((line) => line.source.split("/")[0])).size;
    }, { message: "clusters whose new pod is heard", timeout: 90_000 })
    .toBe(2);

  const read = canaries(lines);
  expect(lines.filter((line) => !line.startsWith("# ") && !CANARY.test(line)), "lines that are no canary").toEqual([]);
  expect(new Set(read.map((line) => line.source.split("/")[0]))).toEqual(new Set(["a", "b"]));
  expectWithoutHoles(read);
  expectInOrder(read, late);

  const times = await page.getByRole("log", { name: "Lines" }).locator(".log-row time").evaluateAll((times) => times.map((time) => time.getAttribute("datetime") ?? ""));
  expect(times.length).toBeGreaterThan(10);
});

function canaries(lines: string[]): Line[] {
  return lines.flatMap((text) => {
    const match = text.match(CANARY);
    return match ? [{ time: match[1], source: match[4], number: Number(match[5]), text: text.slice(text.indexOf("canary")) }] : [];
  });
}

/** From its first line on, each container's numbers follow each other. */
function expectWithoutHoles(lines: Line[]): void {
  const next = new Map<string, number>();
  for (const { source, number } of lines) {
    expect(number, `the next number of ${source}`).toBe(next.get(source) ?? number);
    next.set(source, number + 1);
  }
}

/** Times never go back, except at lines that the stream itself calls late. */
function expectInOrder(lines: Line[], late: Set<string>): void {
  let newest = "";
  for (const line of lines) {
    if (late.has(`${line.time} ${line.text}`)) {
      continue;
    }
    expect(line.time >= newest, `${line.time} ${line.text} after ${newest}`).toBe(true);
    newest = line.time;
  }
}

test("fetched lines are in one order too", async ({ open, page }) => {
  await open("/logs?namespaces=web,demo&tail=20&fetch=1");
  const lines = canaries(await download(page));
  expect(new Set(lines.map((line) => line.source.split("/").slice(0, 2).join("/")))).toEqual(new Set(["a/demo", "a/web", "b/demo", "b/web"]));
  expectWithoutHoles(lines);
  expectInOrder(lines, new Set());
});
