//! A difference as a patch: what `patch` and `git apply` take, leading from actual to desired.

use similar::Algorithm;
use similar::udiff::unified_diff;

/// The unified patch, `context` lines around each change; empty if nothing differs. `name` stands in both headers.
#[must_use]
pub fn patch(name: &str, desired: &str, actual: &str, context: usize) -> String {
    if desired == actual {
        return String::new();
    }
    unified_diff(Algorithm::Myers, actual, desired, context, Some((&format!("a/{name}"), &format!("b/{name}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_leads_from_actual_to_desired() {
        let expected = "--- a/web.yaml\n+++ b/web.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 5\n+b: 2\n";
        assert_eq!(patch("web.yaml", "a: 1\nb: 2\n", "a: 1\nb: 5\n", 3), expected);
        assert_eq!(patch("web.yaml", "a\n", "a\n", 3), "");
    }
}
