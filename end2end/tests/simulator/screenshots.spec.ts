// Pictures of every page for people to look at: SCREENSHOTS=folder npx playwright test --project screenshots

import { join } from "node:path";
import { PAGES } from "../fixtures/addresses";
import { alive, test } from "../fixtures/page";

const FOLDER = process.env.SCREENSHOTS ?? "screenshots";
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

for (const [device, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${device} ${colorScheme}`, () => {
      test.use({ viewport, colorScheme, hasTouch: device === "phone" });

      for (const [name, path] of Object.entries(PAGES)) {
        test(name, async ({ page }) => {
          await page.goto(path);
          if (name !== "login") {
            await alive(page);
          }
          await page.screenshot({ path: join(FOLDER, `${name}-${device}-${colorScheme}.png`), animations: "disabled" });
        });
      }
    });
  }
}
