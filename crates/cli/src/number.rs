//! Numbers that people read: thousands apart, bytes in the largest unit that fits.
//!
//! **Refuses:** precision. Who needs every byte asks for JSON.

/// The units of bytes, each a thousand times the one before.
const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// `4,312`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `4,312 files`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `812 B`, `4.3 MB`, `86 MB`: never rounded up, so that all of it is said only when it is all.
pub(crate) fn bytes(number: u64) -> String {
    let unit = unit_of(number);
    format!("{} {}", scaled(number, unit), UNITS[unit])
}

/// `31 of 86 MB`, `900 kB of 86 MB`.
pub(crate) fn bytes_of(part: u64, whole: u64) -> String {
    let (small, large) = (unit_of(part), unit_of(whole));
    if small == large || part == 0 {
        format!("{} of {}", scaled(part, large), bytes(whole))
    } else {
        format!("{} of {}", bytes(part), bytes(whole))
    }
}

fn unit_of(number: u64) -> usize {
    let mut unit = 0;
    while unit + 1 < UNITS.len() && number >= 1000_u64.pow(unit as u32 + 1) {
        unit += 1;
    }
    unit
}

/// The number in a unit: with one decimal below 10, where it says something.
fn scaled(number: u64, unit: usize) -> String {
    let size = 1000_u64.pow(unit as u32);
    let whole = number / size;
    let tenth = (number % size) * 10 / size;
    if whole < 10 && tenth > 0 { format!("{whole}.{tenth}") } else { count(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (4312, "4,312"), (999_999, "999,999"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
        assert_eq!(
            [counted(0, "file", "files"), counted(1, "file", "files"), counted(2000, "file", "files")],
            ["0 files", "1 file", "2,000 files"]
        );
    }

    #[test]
    fn bytes_are_told_in_the_largest_unit_that_fits_and_never_rounded_up() {
        let table = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1 kB"),
            (4_312, "4.3 kB"),
            (10_999, "10 kB"),
            (999_999, "999 kB"),
            (86_400_000, "86 MB"),
            (9_990_000_000, "9.9 GB"),
            (u64::MAX, "18,446,744 TB"),
        ];
        for (number, expected) in table {
            assert_eq!(bytes(number), expected, "{number}");
        }
    }

    #[test]
    fn a_part_shares_the_unit_of_the_whole_when_it_has_the_same() {
        assert_eq!(bytes_of(31_200_000, 86_400_000), "31 of 86 MB");
        assert_eq!(bytes_of(900_000, 86_400_000), "900 kB of 86 MB");
        assert_eq!(bytes_of(0, 86_400_000), "0 of 86 MB");
        assert_eq!(bytes_of(0, 0), "0 of 0 B");
    }
}
