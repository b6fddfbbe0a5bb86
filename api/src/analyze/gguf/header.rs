//! The header of a GGUF file: its metadata and the shapes of its tensors, read from the file's first bytes.
//!
//! The format is the one of ggml's `docs/gguf.md`, versions 2 and 3, in either byte order.

use std::collections::BTreeMap;

const MAGIC: &[u8] = b"GGUF";
/// Limits of what a header may say; real ones stay far below.
const MAX_KEYS: u64 = 4_096;
const MAX_TENSORS: u64 = 1_000_000;
const MAX_DIMENSIONS: u32 = 8;
const MAX_NESTING: usize = 4;
/// Arrays of numbers up to this length are kept (one number a layer); longer ones are vocabularies.
const MAX_KEPT_ARRAY: u64 = 1_024;
/// Texts up to this length are kept; longer ones are chat templates.
const MAX_KEPT_TEXT_BYTES: u64 = 1_024;

/// Why a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// It goes on behind the given bytes, at least up to this many.
    #[error("the header has more than {0} bytes")]
    Incomplete(u64),
    /// It is none, or a broken one.
    #[error("not a GGUF header: {0}")]
    Invalid(&'static str),
}

/// A value of the metadata, as far as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Any whole number that is not negative.
    Number(u64),
    /// A short text.
    Text(String),
    /// A short array of whole numbers.
    Numbers(Vec<u64>),
    /// Anything else: nobody asks for it.
    Other,
}

/// What stands before the data of a GGUF file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    /// Whether numbers are stored with their highest byte first.
    pub(crate) is_big_endian: bool,
    /// The metadata, by key.
    pub(crate) metadata: BTreeMap<String, Value>,
    /// Elements of all tensors: the parameters that are in this file.
    pub(crate) elements: u64,
}

impl Header {
    /// Reads a header from the first bytes of a file.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut reader = Reader { bytes, at: 0, is_big_endian: false };
        if reader.take(4)? != MAGIC {
            return Err(HeaderError::Invalid("it does not begin with GGUF"));
        }
        let version: [u8; 4] = reader.array()?;
        reader.is_big_endian = match (u32::from_le_bytes(version), u32::from_be_bytes(version)) {
            (2 | 3, _) => false,
            (_, 2 | 3) => true,
            _ => return Err(HeaderError::Invalid("its version is neither 2 nor 3")),
        };
        let tensors = reader.count(MAX_TENSORS, "too many tensors")?;
        let keys = reader.count(MAX_KEYS, "too many keys")?;
        let mut metadata = BTreeMap::new();
        for _ in 0..keys {
            let key = reader.text()?;
            let kind = reader.u32()?;
            let value = reader.value(kind, 0)?;
            metadata.insert(key.to_owned(), value);
        }
        let mut elements: u64 = 0;
        for _ in 0..tensors {
            elements = elements.checked_add(reader.tensor()?).ok_or(HeaderError::Invalid("too many elements"))?;
        }
        Ok(Self { is_big_endian: reader.is_big_endian, metadata, elements })
    }

    /// A whole number of the metadata.
    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whole numbers of the metadata; a single one counts as one.
    pub(crate) fn numbers(&self, key: &str) -> Option<&[u64]> {
        match self.metadata.get(key)? {
            Value::Number(number) => Some(std::slice::from_ref(number)),
            Value::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// A text of the metadata.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    is_big_endian: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], HeaderError> {
        let end = (self.at as u64).checked_add(length).ok_or(HeaderError::Invalid("a length is too large"))?;
        let end_at = usize::try_from(end).map_err(|_| HeaderError::Incomplete(end))?;
        let taken = self.bytes.get(self.at..end_at).ok_or(HeaderError::Incomplete(end))?;
        self.at = end_at;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, HeaderError> {
        let array = self.array()?;
        Ok(if self.is_big_endian { u32::from_be_bytes(array) } else { u32::from_le_bytes(array) })
    }

    fn u64(&mut self) -> Result<u64, HeaderError> {
        let array = self.array()?;
        Ok(if self.is_big_endian { u64::from_be_bytes(array) } else { u64::from_le_bytes(array) })
    }

    fn count(&mut self, limit: u64, excess: &'static str) -> Result<u64, HeaderError> {
        let count = self.u64()?;
        if count > limit { Err(HeaderError::Invalid(excess)) } else { Ok(count) }
    }

    fn text(&mut self) -> Result<&'a str, HeaderError> {
        let length = self.u64()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| HeaderError::Invalid("a text is not UTF-8"))
    }

    /// A value of a type, by the format's number of it.
    fn value(&mut self, kind: u32, nesting: usize) -> Result<Value, HeaderError> {
        match kind {
            8 => {
                let length = self.u64()?;
                let bytes = self.take(length)?;
                let kept = if length <= MAX_KEPT_TEXT_BYTES { std::str::from_utf8(bytes).ok() } else { None };
                Ok(kept.map_or(Value::Other, |text| Value::Text(text.to_owned())))
            }
            9 => self.values(nesting),
            _ => self.scalar(kind),
        }
    }

    fn scalar(&mut self, kind: u32) -> Result<Value, HeaderError> {
        let width = width_of(kind).ok_or(HeaderError::Invalid("a value has an unknown type"))?;
        let raw = self.take(width)?;
        let is_float = matches!(kind, 6 | 12);
        let is_signed = matches!(kind, 1 | 3 | 5 | 11);
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let number = if self.is_big_endian { raw.iter().fold(0, fold) } else { raw.iter().rev().fold(0, fold) };
        let is_negative = is_signed && number >> (8 * width - 1) == 1;
        Ok(if is_float || is_negative { Value::Other } else { Value::Number(number) })
    }

    fn values(&mut self, nesting: usize) -> Result<Value, HeaderError> {
        if nesting == MAX_NESTING {
            return Err(HeaderError::Invalid("arrays are nested too deep"));
        }
        let kind = self.u32()?;
        let length = self.u64()?;
        if let Some(width) = width_of(kind)
            && length > MAX_KEPT_ARRAY
        {
            self.take(length.checked_mul(width).ok_or(HeaderError::Invalid("a length is too large"))?)?;
            return Ok(Value::Other);
        }
        let mut numbers = Vec::new();
        let mut is_kept = length <= MAX_KEPT_ARRAY;
        // Each value takes at least a byte, so the given bytes bound the loop.
        for _ in 0..length {
            match self.value(kind, nesting + 1)? {
                Value::Number(number) if is_kept => numbers.push(number),
                _ => is_kept = false,
            }
        }
        Ok(if is_kept { Value::Numbers(numbers) } else { Value::Other })
    }

    /// Passes over a tensor's description; gives its number of elements.
    fn tensor(&mut self) -> Result<u64, HeaderError> {
        self.text()?;
        let dimensions = self.u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(HeaderError::Invalid("a tensor has too many dimensions"));
        }
        let mut elements: u64 = 1;
        for _ in 0..dimensions {
            elements = elements.checked_mul(self.u64()?).ok_or(HeaderError::Invalid("a tensor is too large"))?;
        }
        // Its data type and the place of its data.
        self.take(4 + 8)?;
        Ok(elements)
    }
}

/// The bytes of a value of a fixed width.
fn width_of(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of one key, an array of strings and a tensor of 3 x 5.
    fn header(order: fn(u64, usize) -> Vec<u8>) -> Vec<u8> {
        let text = |text: &str| [order(text.len() as u64, 8), text.as_bytes().to_vec()].concat();
        let list = [order(8, 4), order(2, 8), text("a"), text("bc")].concat();
        [
            MAGIC.to_vec(),
            order(3, 4),
            order(1, 8),
            order(3, 8),
            [text("x.block_count"), order(4, 4), order(7, 4)].concat(),
            [text("x.heads"), order(9, 4), order(5, 4), order(2, 8), order(1, 4), order(300, 4)].concat(),
            [text("tokens"), order(9, 4), list].concat(),
            [text("t"), order(2, 4), order(3, 8), order(5, 8), order(0, 4), order(0, 8)].concat(),
        ]
        .concat()
    }

    fn little(number: u64, width: usize) -> Vec<u8> {
        number.to_le_bytes()[..width].to_vec()
    }

    fn big(number: u64, width: usize) -> Vec<u8> {
        number.to_be_bytes()[8 - width..].to_vec()
    }

    #[test]
    fn both_byte_orders_are_read() {
        for (order, is_big_endian) in [(little as fn(u64, usize) -> Vec<u8>, false), (big, true)] {
            let read = Header::parse(&header(order)).unwrap();
            assert_eq!((read.is_big_endian, read.elements), (is_big_endian, 15));
            assert_eq!(read.number("x.block_count"), Some(7));
            assert_eq!(read.numbers("x.heads"), Some(&[1, 300][..]));
            assert_eq!(read.metadata["tokens"], Value::Other);
        }
    }

    #[test]
    fn a_cut_header_tells_how_much_more_is_needed_at_least() {
        let whole = header(little);
        for length in 0..whole.len() {
            let Err(HeaderError::Incomplete(needed)) = Header::parse(&whole[..length]) else { panic!("{length}") };
            assert!(needed > length as u64 && needed <= whole.len() as u64, "{length}: {needed}");
        }
    }

    #[test]
    fn numbers_that_nobody_could_mean_are_refused_at_once() {
        let bad = |counts: [u64; 2]| {
            let bytes =
                [MAGIC.to_vec(), little(3, 4), little(counts[0], 8), little(counts[1], 8), vec![0; 64]].concat();
            assert!(matches!(Header::parse(&bytes), Err(HeaderError::Invalid(_))), "{counts:?}");
        };
        bad([u64::MAX, 0]);
        bad([0, 1 << 63]);
        let text = [MAGIC.to_vec(), little(3, 4), little(0, 8), little(1, 8), little(u64::MAX, 8)].concat();
        assert_eq!(Header::parse(&text), Err(HeaderError::Invalid("a length is too large")));
        assert!(matches!(Header::parse(b"GGUF\x01\0\0\0"), Err(HeaderError::Invalid(_))));
        assert!(matches!(Header::parse(b"PK\x03\x04"), Err(HeaderError::Invalid(_))));
    }
}
