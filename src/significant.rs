//! Decimals of a number of significant digits, counted.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | n | number of significant digits |
//! | m | the digits as a whole number, 10ⁿ⁻¹ ≤ m < 10ⁿ |
//! | e | exponent: the number is m 10ᵉ⁻ⁿ⁺¹ |
//! | i | its index among all of them: 9 · 10ⁿ⁻¹ e + m − 10ⁿ⁻¹ |

/// More digits than this are hardly told from all of them.
pub(crate) const MOST_DIGITS: u32 = 12;

fn least_mantissa(digits: u32) -> i64 {
    10_i64.pow(digits - 1)
}

/// The number of this index.
pub(crate) fn number(digits: u32, index: i64) -> f64 {
    let least = least_mantissa(digits);
    let (exponent, rest) = (index.div_euclid(9 * least), index.rem_euclid(9 * least));
    let power = exponent - i64::from(digits) + 1;
    // Parsing gives the float next to the decimal, which a product does not.
    format!("{}e{power}", least + rest).parse().unwrap_or(f64::NAN)
}

/// The index of the number that is nearest to a value above 0.
pub(crate) fn nearest(digits: u32, value: f64) -> i64 {
    let least = least_mantissa(digits);
    let decimals = digits as usize - 1;
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or(("1", "0"));
    let mantissa: i64 = mantissa.replace('.', "").parse().unwrap_or(least);
    let exponent: i64 = exponent.parse().unwrap_or(0);
    9 * least * exponent + mantissa - least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_without_a_gap() {
        let numbers: Vec<f64> = (-9..12).map(|index| number(1, index)).collect();
        let expected = [
            0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0,
            9.0, 10.0, 20.0, 30.0,
        ];
        assert_eq!(numbers, expected);
        for digits in [1, 2, 3, 7, MOST_DIGITS] {
            for value in [1e-300, 1.234_567_890_123e-7, 0.999_999_999_999_9, 1.0, 42.0, 9.5e9] {
                let index = nearest(digits, value);
                let (below, at, above) =
                    (number(digits, index - 1), number(digits, index), number(digits, index + 1));
                assert!(below < at && at < above, "{value} to {digits}");
                let gap = |other: f64| (other - value).abs();
                assert!(gap(at) <= gap(below) && gap(at) <= gap(above), "{value} to {digits}");
                assert_eq!(nearest(digits, at), index);
            }
        }
    }
}
