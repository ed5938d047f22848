//! A strict reader of protobuf bytes that borrows from its input.
//!
//! prost writes our messages, but reads more than we want to take: it drops unknown fields, lets the last of two
//! equal fields win and copies every text. What is signed and priced must have one meaning, so this reader refuses
//! all of that, and needs no memory of its own. It never recurses: a nested message is a slice for another reader.

use primitives::{Code, Refusal};

/// A refusal for bytes of another form.
pub(crate) fn decode(detail: &str) -> Refusal {
    Refusal::new(Code::Decode, detail)
}

/// Reads the fields of one message.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Bit n is set when field n was read.
    seen: u32,
}

/// One field: its number and what it holds.
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    value: Value<'a>,
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes, seen: 0 }
    }

    /// The next field, `None` at the end. A field that was read before is refused.
    pub(crate) fn once(&mut self) -> Result<Option<Field<'a>>, Refusal> {
        self.once_but(&[])
    }

    /// The next field, `None` at the end. A field that was read before is refused, unless it may repeat.
    pub(crate) fn once_but(&mut self, repeated: &[u32]) -> Result<Option<Field<'a>>, Refusal> {
        let Some(field) = self.any()? else { return Ok(None) };
        if repeated.contains(&field.number) {
            return Ok(Some(field));
        }
        let Some(bit) = 1_u32.checked_shl(field.number) else { return Err(unknown()) };
        if self.seen & bit != 0 {
            return Err(decode("a field stands twice"));
        }
        self.seen |= bit;
        Ok(Some(field))
    }

    /// The next field, which may repeat; `None` at the end.
    pub(crate) fn any(&mut self) -> Result<Option<Field<'a>>, Refusal> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = u32::try_from(self.varint()?).map_err(|_| decode("a field number is out of range"))?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            2 => Value::Bytes(self.chunk()?),
            _ => return Err(decode("a field of a wire type that no field here has")),
        };
        match tag >> 3 {
            0 => Err(decode("a field number is out of range")),
            number => Ok(Some(Field { number, value })),
        }
    }

    fn chunk(&mut self) -> Result<&'a [u8], Refusal> {
        let cut = || decode("the bytes end inside a field");
        let length = usize::try_from(self.varint()?).map_err(|_| cut())?;
        let (chunk, rest) = self.rest.split_at_checked(length).ok_or_else(cut)?;
        self.rest = rest;
        Ok(chunk)
    }

    fn varint(&mut self) -> Result<u64, Refusal> {
        let mut value = 0_u64;
        let mut rest = self.rest;
        for shift in (0..64_u32).step_by(7) {
            let Some((byte, tail)) = rest.split_first() else {
                return Err(decode("the bytes end inside a number"));
            };
            rest = tail;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits.wrapping_shl(shift);
            if byte & 0x80 == 0 {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(decode("a number of more than 64 bits"))
    }
}

impl<'a> Field<'a> {
    pub(crate) fn u64(&self) -> Result<u64, Refusal> {
        match self.value {
            Value::Number(number) => Ok(number),
            Value::Bytes(_) => Err(wrong_type()),
        }
    }

    pub(crate) fn u32(&self) -> Result<u32, Refusal> {
        u32::try_from(self.u64()?).map_err(|_| decode("a number of more than 32 bits"))
    }

    /// A signed number as protobuf's `int64` writes it: the two's complement bits.
    pub(crate) fn i64(&self) -> Result<i64, Refusal> {
        Ok(self.u64()?.cast_signed())
    }

    pub(crate) fn bytes(&self) -> Result<&'a [u8], Refusal> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) => Err(wrong_type()),
        }
    }

    pub(crate) fn text(&self) -> Result<&'a str, Refusal> {
        std::str::from_utf8(self.bytes()?).map_err(|_| decode("a text is not UTF-8"))
    }
}

fn wrong_type() -> Refusal {
    decode("a field has another wire type")
}

/// The refusal of a field this version of the schema does not have.
pub(crate) fn unknown() -> Refusal {
    decode("a field that is not in the schema")
}
