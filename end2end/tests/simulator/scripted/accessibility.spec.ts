// Every page, in both themes: hydrated without a console line, and without a violation of axe's rules.

import { PAGES } from "../../fixtures/addresses";
import { expectAccessible } from "../../fixtures/axe";
import { expect, test } from "../../fixtures/page";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const [name, path] of Object.entries(PAGES)) {
      test(`${name} is accessible in the ${colorScheme} theme`, async ({ open, page }) => {
        // The form for signing in stands alone, without a live connection.
        await (name === "login" ? page.goto(path) : open(path));
        await expect(page.getByRole("main")).toHaveCount(1);
        await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
        await expectAccessible(page);
      });
    }

    test.describe("errors", () => {
      test.use({ refusals: [404] });

      test(`an unknown object is accessible in the ${colorScheme} theme`, async ({ open, page }) => {
        await open("/clusters/prod-eu/Kustomization/flux-system/nobody");
        await expectAccessible(page);
      });
    });
  });
}
