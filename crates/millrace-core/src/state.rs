//! Kernel state as bytes: little endian, fixed order, one version byte in front.
//!
//! Equal states give equal bytes on every platform.

use crate::kernel_error::KernelError;

/// Writes the fields of a kernel's state in order.
#[derive(Debug)]
pub(crate) struct StateWriter {
    bytes: Vec<u8>,
}

impl StateWriter {
    pub(crate) fn new(version: u8) -> Self {
        Self {
            bytes: vec![version],
        }
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.u64(value.cast_unsigned())
    }

    pub(crate) fn f64(&mut self, value: f64) -> &mut Self {
        self.u64(value.to_bits())
    }

    pub(crate) fn f64s(&mut self, values: &[f64]) -> &mut Self {
        self.u64(values.len() as u64);
        values.iter().for_each(|&value| {
            self.f64(value);
        });
        self
    }

    pub(crate) fn u64s(&mut self, values: &[u64]) -> &mut Self {
        self.u64(values.len() as u64);
        values.iter().for_each(|&value| {
            self.u64(value);
        });
        self
    }

    pub(crate) fn i64s(&mut self, values: &[i64]) -> &mut Self {
        self.u64(values.len() as u64);
        values.iter().for_each(|&value| {
            self.i64(value);
        });
        self
    }

    pub(crate) fn bools(&mut self, values: &[bool]) -> &mut Self {
        self.u64(values.len() as u64);
        self.bytes
            .extend(values.iter().map(|&value| u8::from(value)));
        self
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.u64(value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    /// Texts, of which some may be missing: their lengths, then all of them in a row.
    pub(crate) fn texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) -> &mut Self {
        let mut lengths = Vec::new();
        let mut whole = String::new();
        for text in texts {
            lengths.push(text.map_or(u64::MAX, |text| text.len() as u64));
            whole.push_str(text.unwrap_or_default());
        }
        self.u64s(&lengths).bytes(whole.as_bytes())
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

/// Reads what a [`StateWriter`] wrote, refusing anything else.
#[derive(Debug)]
pub(crate) struct StateReader<'a> {
    kernel: &'static str,
    rest: &'a [u8],
}

impl<'a> StateReader<'a> {
    pub(crate) fn new(
        kernel: &'static str,
        version: u8,
        bytes: &'a [u8],
    ) -> Result<Self, KernelError> {
        match bytes.split_first() {
            Some((&found, rest)) if found == version => Ok(Self { kernel, rest }),
            Some((found, _)) => Err(KernelError::CorruptState {
                kernel,
                detail: format!("state version must be {version}, got {found}"),
            }),
            None => Err(KernelError::CorruptState {
                kernel,
                detail: "no bytes given".to_owned(),
            }),
        }
    }

    /// An error about the state being read.
    pub(crate) fn corrupt(&self, detail: impl Into<String>) -> KernelError {
        KernelError::CorruptState {
            kernel: self.kernel,
            detail: detail.into(),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], KernelError> {
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.corrupt("the bytes end before the state does"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, KernelError> {
        let mut array = [0; 8];
        array.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(array))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, KernelError> {
        Ok(self.u64()?.cast_signed())
    }

    pub(crate) fn f64(&mut self) -> Result<f64, KernelError> {
        Ok(f64::from_bits(self.u64()?))
    }

    /// A length that the remaining bytes can hold, so that a corrupt one cannot exhaust memory.
    fn length(&mut self, width: usize) -> Result<usize, KernelError> {
        let length = self.u64()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() / width => Ok(length),
            _ => Err(self.corrupt(format!("a list of {length} is longer than the state"))),
        }
    }

    pub(crate) fn f64s(&mut self) -> Result<Vec<f64>, KernelError> {
        (0..self.length(8)?).map(|_| self.f64()).collect()
    }

    pub(crate) fn u64s(&mut self) -> Result<Vec<u64>, KernelError> {
        (0..self.length(8)?).map(|_| self.u64()).collect()
    }

    pub(crate) fn i64s(&mut self) -> Result<Vec<i64>, KernelError> {
        (0..self.length(8)?).map(|_| self.i64()).collect()
    }

    pub(crate) fn bools(&mut self) -> Result<Vec<bool>, KernelError> {
        let length = self.length(1)?;
        Ok(self.take(length)?.iter().map(|&byte| byte != 0).collect())
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], KernelError> {
        let length = self.length(1)?;
        self.take(length)
    }

    pub(crate) fn texts(&mut self) -> Result<Vec<Option<&'a str>>, KernelError> {
        let lengths = self.u64s()?;
        let mut rest =
            str::from_utf8(self.bytes()?).map_err(|_| self.corrupt("a text is not UTF-8"))?;
        let texts = lengths
            .into_iter()
            .map(|length| {
                if length == u64::MAX {
                    return Ok(None);
                }
                let split = usize::try_from(length)
                    .ok()
                    .and_then(|length| rest.split_at_checked(length));
                let (text, after) =
                    split.ok_or_else(|| self.corrupt("texts exceed their bytes"))?;
                rest = after;
                Ok(Some(text))
            })
            .collect::<Result<_, KernelError>>()?;
        if rest.is_empty() {
            Ok(texts)
        } else {
            Err(self.corrupt("bytes that are of no text"))
        }
    }

    /// Asserts that the state has been read to its end.
    pub(crate) fn finish(self) -> Result<(), KernelError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.corrupt(format!("{} bytes are left over", self.rest.len())))
        }
    }
}
