// Theme, keyboard, search and the phone's navigation.

import { alive, expect, test, type Page } from "../../fixtures/page";

test("the theme switch changes at once and stays after a reload", async ({ open, page }) => {
  await open("/");
  const root = page.locator("html");
  await expect(root).not.toHaveAttribute("data-theme");
  await page.getByRole("button", { name: "Theme: system" }).click();
  await expect(root).toHaveAttribute("data-theme", "light");
  await page.getByRole("button", { name: "Theme: light" }).click();
  await expect(root).toHaveAttribute("data-theme", "dark");
  const dark = await background(page);
  // The server itself renders the theme: nothing flashes.
  const response = await page.reload();
  expect(await response?.text()).toContain('data-theme="dark"');
  await alive(page);
  await expect(root).toHaveAttribute("data-theme", "dark");
  expect(await background(page)).toBe(dark);
  await page.getByRole("button", { name: "Theme: dark" }).click();
  await expect(root).not.toHaveAttribute("data-theme");
});

function background(page: Page): Promise<string> {
  return page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
}

test("the keyboard reaches everything, and where it is can be seen", async ({ open, page }) => {
  await open("/resources?cluster=staging&limit=3");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  const visited = new Set<string>();
  for (let presses = 0; presses < 60; presses += 1) {
    const { label, outlined } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      // The ring is on the element itself or on what stands for it, such as the frame around a field.
      const rings = [element, element.parentElement, element.closest(".filter, .search, .header-search, .choice")].map((ring) => {
        const style = ring && getComputedStyle(ring);
        return style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none");
      });
      return { label: element.ariaLabel ?? element.innerText ?? "", outlined: rings.some(Boolean) };
    });
    expect(outlined, `focus is visible on ${label}`).toBe(true);
    visited.add(label.trim());
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement === document.body)) {
      break;
    }
  }
  expect([...visited].join("\n")).toContain("View diff");
  expect([...visited].join("\n")).toContain("Theme: system");
});

test("skipping to the content moves the keyboard there", async ({ open, page }) => {
  await open("/clusters");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/clusters#main");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Register a cluster" })).toBeFocused();
});

test("the search of the header finds resources of the whole fleet", async ({ open, page }) => {
  await open("/");
  await page.getByRole("searchbox", { name: "Search resources" }).fill("checkout");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/resources?q=checkout");
  await expect(page.getByRole("rowheader", { name: "checkout" }).first()).toBeVisible();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("the navigation is a sheet", async ({ open, page }) => {
    await open("/");
    const logs = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Logs" });
    await expect(logs).not.toBeInViewport();
    await page.locator(".header-menu").click();
    await expect(logs).toBeInViewport();
    await logs.click();
    await expect(page).toHaveURL("/logs");
  });

  test("no page scrolls sideways", async ({ open, page }) => {
    for (const path of ["/", "/clusters", "/resources", "/clusters/prod-eu", "/logs?fetch=1"]) {
      await open(path);
      const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      expect(scroll, path).toBeLessThanOrEqual(client);
    }
  });
});
