//! gzip (RFC 1952): members one behind the other, each with its own checksum.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::Decoded;
use crate::Error;

/// The bytes that a member begins with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The bytes of a header before its optional fields.
const HEADER: usize = 10;
/// The bytes behind a member: CRC-32 and size.
const TRAILER: usize = 8;
const FLAG_CHECKSUM: u8 = 2;
const FLAG_EXTRA: u8 = 4;
const FLAG_NAME: u8 = 8;
const FLAG_COMMENT: u8 = 16;
const FLAGS_RESERVED: u8 = 0xe0;

/// A decoder of gzip.
pub(crate) struct Gzip {
    position: u64,
    member_start: u64,
    members: u64,
    part: MemberPart,
    flags: u8,
    inflate: Decompress,
    crc: Crc,
}

/// The part of a member that comes next.
#[derive(Debug)]
enum MemberPart {
    /// The fixed part of the header, as far as it came.
    Header([u8; HEADER], usize),
    /// The length of the extra field, as far as it came.
    ExtraLength([u8; 2], usize),
    /// Bytes of the extra field or of the header's checksum that are passed over.
    Skip {
        left: usize,
        then: Field,
    },
    /// A text that ends with a zero.
    Text {
        then: Field,
    },
    Content,
    /// The trailer, as far as it came.
    Trailer([u8; TRAILER], usize),
    /// Zeros behind the last member, as tapes and some tools leave them.
    Padding,
}

/// The optional fields of a header, in their order.
#[derive(Clone, Copy, Debug)]
enum Field {
    Extra,
    Name,
    Comment,
    Checksum,
    Content,
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            position: 0,
            member_start: 0,
            members: 0,
            part: MemberPart::Header([0; HEADER], 0),
            flags: 0,
            inflate: Decompress::new(false),
            crc: Crc::new(),
        }
    }
}

impl Gzip {
    pub(crate) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, Error> {
        let mut taken = 0;
        loop {
            let rest = &input[taken..];
            if let MemberPart::Content = self.part {
                let decoded = self.inflate(rest, output)?;
                taken += decoded.taken;
                let at_end = !matches!(self.part, MemberPart::Content);
                if decoded.written > 0 || !at_end {
                    return Ok(Decoded { taken, written: decoded.written });
                }
                continue;
            }
            if rest.is_empty() {
                return Ok(Decoded { taken, written: 0 });
            }
            let count = self.take(rest)?;
            taken += count;
            self.position += count as u64;
        }
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        let what = match self.part {
            MemberPart::Padding => return Ok(()),
            MemberPart::Header(_, 0) if self.members > 0 => return Ok(()),
            MemberPart::Content => "a gzip member",
            MemberPart::Trailer(..) => "the checksum of a gzip member",
            _ => "the header of a gzip member",
        };
        Err(Error::Truncated { offset: self.position, what: what.to_owned() })
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, Error> {
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| self.damaged(format!("the deflate stream is not valid: {error}")))?;
        let taken = usize::try_from(self.inflate.total_in() - before_in).expect("it is part of the input");
        let written =
            usize::try_from(self.inflate.total_out() - before_out).expect("it is part of the output");
        self.position += taken as u64;
        self.crc.update(&output[..written]);
        if status == Status::StreamEnd {
            self.part = MemberPart::Trailer([0; TRAILER], 0);
        } else if taken == 0 && written == 0 && !input.is_empty() {
            return Err(self.damaged("the deflate stream does not go on".to_owned()));
        }
        Ok(Decoded { taken, written })
    }

    /// Takes some bytes of header, trailer or padding, at least one.
    fn take(&mut self, input: &[u8]) -> Result<usize, Error> {
        match &mut self.part {
            MemberPart::Header(header, filled) => {
                let count = fill(header, filled, input);
                if self.members > 0 && header[0] == 0 {
                    if header[..*filled].iter().any(|byte| *byte != 0) {
                        return Err(self.behind_members());
                    }
                    self.part = MemberPart::Padding;
                } else if self.members > 0 && header[..*filled].iter().zip(MAGIC).any(|(a, b)| *a != b) {
                    return Err(self.behind_members());
                } else if *filled == HEADER {
                    let header = *header;
                    self.header(header)?;
                }
                Ok(count)
            }
            MemberPart::ExtraLength(length, filled) => {
                let count = fill(length, filled, input);
                if *filled == length.len() {
                    let left = usize::from(u16::from_le_bytes(*length));
                    self.part = MemberPart::Skip { left, then: Field::Name };
                    self.pass_empty_skip();
                }
                Ok(count)
            }
            MemberPart::Skip { left, .. } => {
                let count = input.len().min(*left);
                *left -= count;
                self.pass_empty_skip();
                Ok(count)
            }
            MemberPart::Text { then } => match input.iter().position(|byte| *byte == 0) {
                Some(end) => {
                    let then = *then;
                    self.field(then);
                    Ok(end + 1)
                }
                None => Ok(input.len()),
            },
            MemberPart::Trailer(trailer, filled) => {
                let count = fill(trailer, filled, input);
                if *filled == TRAILER {
                    let trailer = *trailer;
                    self.trailer(trailer)?;
                }
                Ok(count)
            }
            MemberPart::Padding => match input.iter().position(|byte| *byte != 0) {
                Some(_) => Err(self.behind_members()),
                None => Ok(input.len()),
            },
            MemberPart::Content => Ok(0),
        }
    }

    fn pass_empty_skip(&mut self) {
        if let MemberPart::Skip { left: 0, then } = self.part {
            self.field(then);
        }
    }

    fn header(&mut self, header: [u8; HEADER]) -> Result<(), Error> {
        let [0x1f, 0x8b, method, flags, ..] = header else {
            return Err(self.damaged(format!(
                "expected a member, which begins with 1f 8b, found {:02x} {:02x}",
                header[0], header[1]
            )));
        };
        if method != 8 {
            return Err(self.damaged(format!("expected the method 8 (deflate), found {method}")));
        }
        if flags & FLAGS_RESERVED != 0 {
            return Err(self.damaged(format!("expected no reserved flags, found {flags:#04x}")));
        }
        self.flags = flags;
        self.field(Field::Extra);
        Ok(())
    }

    /// Goes on with the first field from `field` on that the header has.
    fn field(&mut self, field: Field) {
        let has = |flag: u8| self.flags & flag != 0;
        self.part = match field {
            Field::Extra if has(FLAG_EXTRA) => MemberPart::ExtraLength([0; 2], 0),
            Field::Extra | Field::Name if has(FLAG_NAME) => {
                self.flags &= !FLAG_NAME;
                MemberPart::Text { then: Field::Comment }
            }
            Field::Extra | Field::Name | Field::Comment if has(FLAG_COMMENT) => {
                self.flags &= !FLAG_COMMENT;
                MemberPart::Text { then: Field::Checksum }
            }
            Field::Extra | Field::Name | Field::Comment | Field::Checksum if has(FLAG_CHECKSUM) => {
                MemberPart::Skip { left: 2, then: Field::Content }
            }
            _ => {
                self.inflate.reset(false);
                self.crc.reset();
                MemberPart::Content
            }
        };
    }

    fn trailer(&mut self, trailer: [u8; TRAILER]) -> Result<(), Error> {
        let [a, b, c, d, e, f, g, h] = trailer;
        let (sum, size) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        if sum != self.crc.sum() {
            return Err(self.damaged(format!(
                "expected the CRC-32 {:08x} of the member that begins at byte {}, found {sum:08x}",
                self.crc.sum(),
                self.member_start
            )));
        }
        if size != self.crc.amount() {
            return Err(self.damaged(format!(
                "expected the size {} of the member that begins at byte {}, found {size}",
                self.crc.amount(),
                self.member_start
            )));
        }
        self.members += 1;
        self.member_start = self.position + TRAILER as u64;
        self.part = MemberPart::Header([0; HEADER], 0);
        Ok(())
    }

    fn behind_members(&self) -> Error {
        let reason = "expected the end, another member or zeros behind the last member, found other bytes";
        self.damaged(reason.to_owned())
    }

    fn damaged(&self, reason: String) -> Error {
        Error::Gzip { offset: self.position, reason }
    }
}

/// Fills an array with the next bytes of the input, and returns how many it took.
fn fill(array: &mut [u8], filled: &mut usize, input: &[u8]) -> usize {
    let count = input.len().min(array.len() - *filled);
    array[*filled..*filled + count].copy_from_slice(&input[..count]);
    *filled += count;
    count
}
