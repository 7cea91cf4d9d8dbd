//! A sequential color scale: cividis, which suits color-blind readers, too.
//!
//! It is from Nuñez, Anderton & Renslow (2018).

/// Five evenly spaced colors of the scale, from dark blue to yellow, as red, green and blue.
const STOPS: [[f64; 3]; 5] = [
    [0.0, 34.0, 78.0],
    [66.0, 78.0, 108.0],
    [124.0, 123.0, 120.0],
    [188.0, 175.0, 111.0],
    [254.0, 232.0, 56.0],
];

/// Returns the color at a position from 0 to 1, as hexadecimal digits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 4")]
pub(super) fn shade(position: f64) -> String {
    let position = if position.is_nan() { 0.0 } else { position.clamp(0.0, 1.0) } * 4.0;
    let first = (position.floor() as usize).min(3);
    let share = position - position.floor().min(3.0);
    let mix =
        |channel: usize| STOPS[first][channel] * (1.0 - share) + STOPS[first + 1][channel] * share;
    format!("#{:02x}{:02x}{:02x}", mix(0) as u8, mix(1) as u8, mix(2) as u8)
}
