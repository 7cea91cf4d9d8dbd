//! Colours of a sequence: cividis, which colour-blind people and those who are not see alike (Nuñez, Anderton & Renslow 2018).

/// Five places of the scale, from dark blue to yellow, as red, green and blue.
const STOPS: [[f64; 3]; 5] = [
    [0.0, 34.0, 78.0],
    [66.0, 78.0, 108.0],
    [124.0, 123.0, 120.0],
    [188.0, 175.0, 111.0],
    [254.0, 232.0, 56.0],
];

/// The colour at a place between 0 and 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 4")]
pub(super) fn shade(place: f64) -> String {
    let place = if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) } * 4.0;
    let first = (place.floor() as usize).min(3);
    let share = place - place.floor().min(3.0);
    let mix =
        |channel: usize| STOPS[first][channel] * (1.0 - share) + STOPS[first + 1][channel] * share;
    format!("#{:02x}{:02x}{:02x}", mix(0) as u8, mix(1) as u8, mix(2) as u8)
}
