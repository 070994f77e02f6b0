//! Amounts on the command line: `1000`, `64K`, `256M`, `4G`.

/// A number of things or bytes; K, M and G stand for powers of 1,024.
pub fn amount(text: &str) -> Result<usize, String> {
    let wrong = || format!("expected a number from 1 on, such as 1000, 64K, 256M or 4G, found {text:?}");
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: usize = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).filter(|amount| *amount > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        let said: Vec<_> = ["1", "64k", "3M", "2G"].map(amount).into();
        assert_eq!(said, [Ok(1), Ok(64 << 10), Ok(3 << 20), Ok(2 << 30)]);
        for wrong in ["", "0", "M", "-1", "1T", "1.5G", "99999999999G"] {
            assert!(amount(wrong).is_err_and(|said| said.contains("64K")), "{wrong}");
        }
    }
}
