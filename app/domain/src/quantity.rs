//! Kubernetes quantities and Go durations, exactly, to say when two spellings mean the same amount.
//!
//! Amounts that do not fit (beyond 10^29 or finer than 10^-9) are not read: the caller then calls them different.

/// A quantity (`500m`, `1Gi`, `1e3`) in billionths.
#[must_use]
pub fn quantity(text: &str) -> Option<i128> {
    let (negative, digits) = sign(text);
    let end = digits.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let (mantissa, scale) = decimal(number)?;
    let (factor, exponent) = match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1i128 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        exponent => (1, exponent.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?),
    };
    let amount = shift(mantissa.checked_mul(factor)?, exponent.checked_add(9)?.checked_sub(scale)?)?;
    Some(if negative { -amount } else { amount })
}

/// A Go duration (`1h30m`, `500ms`) in nanoseconds.
#[must_use]
pub fn duration(text: &str) -> Option<i128> {
    let (negative, mut rest) = sign(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0i128;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end =
            after.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let factor: i128 = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (mantissa, scale) = decimal(number)?;
        total = total.checked_add(shift(mantissa.checked_mul(factor)?, -scale)?)?;
        rest = next;
    }
    Some(if negative { -total } else { total })
}

/// Both are quantities of the same amount, and at least one is spelt with a unit.
#[must_use]
pub fn same_quantity(a: &str, b: &str) -> bool {
    let spelt = |text: &str| text.ends_with(|last: char| last.is_ascii_alphabetic());
    (spelt(a) || spelt(b)) && quantity(a).is_some_and(|amount| quantity(b) == Some(amount))
}

/// Both are durations of the same length.
#[must_use]
pub fn same_duration(a: &str, b: &str) -> bool {
    duration(a).is_some_and(|length| duration(b) == Some(length))
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Digits with at most one point, as an integer and the number of digits after the point.
fn decimal(number: &str) -> Option<(i128, i32)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let scale = i32::try_from(fraction.len()).ok()?;
    format!("{whole}{fraction}").parse().ok().map(|mantissa| (mantissa, scale))
}

/// `amount` times a power of ten; only exact results count.
fn shift(amount: i128, exponent: i32) -> Option<i128> {
    if amount == 0 {
        return Some(0);
    }
    let power = 10i128.checked_pow(exponent.unsigned_abs())?;
    if exponent >= 0 { amount.checked_mul(power) } else { (amount % power == 0).then(|| amount / power) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantities_are_amounts_not_spellings() {
        for (a, b) in
            [("1000m", "1"), ("0.1", "100m"), ("3Gi", "3072Mi"), ("1000M", "1G"), ("1e3", "1k"), ("1E3", "1k")]
        {
            assert_eq!(quantity(a), quantity(b), "{a} {b}");
            assert!(quantity(a).is_some());
        }
        assert_ne!(quantity("1Gi"), quantity("1G"));
        for text in ["", "m", "1x", "1.2.3", ".", "1 Gi", "--1", "1ee3"] {
            assert_eq!(quantity(text), None, "{text}");
        }
        assert!(same_quantity("12000m", "12") && !same_quantity("1.10", "1.1"));
    }

    #[test]
    fn durations_are_lengths_not_spellings() {
        assert!(same_duration("60m", "1h") && same_duration("1h", "1h0m0s") && same_duration("1.5h", "90m"));
        assert!(!same_duration("1m", "1h") && !same_duration("x", "x") && !same_duration("", ""));
        assert_eq!(duration("-1ms"), Some(-1_000_000));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in "[-+0-9.a-zA-Zµ]{0,40}") {
            let _ = (quantity(&text), duration(&text));
        }

        #[test]
        fn milli_is_a_thousandth(number in 0i64..1_000_000) {
            prop_assert_eq!(quantity(&format!("{}m", number * 1000)), quantity(&number.to_string()));
        }
    }
}
