//! Decimals with a fixed number of significant digits, numbered in increasing order.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | n | number of significant digits |
//! | m | the digits as an integer, 10ⁿ⁻¹ ≤ m < 10ⁿ |
//! | e | exponent: the decimal is m 10ᵉ⁻ⁿ⁺¹ |
//! | i | index of the decimal: 9 · 10ⁿ⁻¹ e + m − 10ⁿ⁻¹ |

/// Maximum number of digits. With more, rounding would hardly change a float.
pub(crate) const MAX_DIGITS: u32 = 12;

fn min_mantissa(digits: u32) -> i64 {
    10_i64.pow(digits - 1)
}

/// Returns the decimal with this index.
pub(crate) fn nth(digits: u32, index: i64) -> f64 {
    let min = min_mantissa(digits);
    let (exponent, offset) = (index.div_euclid(9 * min), index.rem_euclid(9 * min));
    let power = exponent - i64::from(digits) + 1;
    // Unlike a product, parsing returns the float that is nearest to the decimal.
    format!("{}e{power}", min + offset).parse().unwrap_or(f64::NAN)
}

/// Returns the index of the decimal that is nearest to a value above 0.
pub(crate) fn nearest_index(digits: u32, value: f64) -> i64 {
    let min = min_mantissa(digits);
    let decimals = digits as usize - 1;
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or(("1", "0"));
    let mantissa: i64 = mantissa.replace('.', "").parse().unwrap_or(min);
    let exponent: i64 = exponent.parse().unwrap_or(0);
    9 * min * exponent + mantissa - min
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_number_the_decimals_without_gaps() {
        let numbers: Vec<f64> = (-9..12).map(|index| nth(1, index)).collect();
        let expected = [
            0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0,
            9.0, 10.0, 20.0, 30.0,
        ];
        assert_eq!(numbers, expected);
        for digits in [1, 2, 3, 7, MAX_DIGITS] {
            for value in [1e-300, 1.234_567_890_123e-7, 0.999_999_999_999_9, 1.0, 42.0, 9.5e9] {
                let index = nearest_index(digits, value);
                let (below, at, above) =
                    (nth(digits, index - 1), nth(digits, index), nth(digits, index + 1));
                assert!(below < at && at < above, "{value} to {digits}");
                let gap = |other: f64| (other - value).abs();
                assert!(gap(at) <= gap(below) && gap(at) <= gap(above), "{value} to {digits}");
                assert_eq!(nearest_index(digits, at), index);
            }
        }
    }
}
