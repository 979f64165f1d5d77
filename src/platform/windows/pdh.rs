//! How is PDH asked for a performance counter? Its calls behind a query that closes itself.
#![allow(unsafe_code, reason = "the performance counters are reached through the functions of the system only")]

use std::marker::PhantomData;
use std::ptr;

use windows_sys::Win32::System::Performance::{
    PDH_CSTATUS_NEW_DATA, PDH_CSTATUS_VALID_DATA, PDH_FMT_COUNTERVALUE, PDH_FMT_DOUBLE, PDH_HCOUNTER, PDH_HQUERY,
    PDH_MORE_DATA, PDH_RAW_COUNTER, PdhAddEnglishCounterW, PdhCloseQuery, PdhCollectQueryData, PdhExpandWildCardPathW,
    PdhGetFormattedCounterValue, PdhGetRawCounterValue, PdhOpenQueryW,
};

use super::{CallError, checked, narrow, wide};

/// An open query of present values. The number of an error of its calls is a status of PDH.
pub(crate) struct PdhQuery(PDH_HQUERY);

/// A counter of a query, which it lives as long as.
#[derive(Clone, Copy)]
pub(crate) struct PdhCounter<'q>(PDH_HCOUNTER, PhantomData<&'q PdhQuery>);

/// What a counter's provider has handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawValue {
    /// What kind of counter it is, in the bits of the `PERF_` constants.
    pub kind: u32,
    /// Its number in the newest sample, before anything is computed.
    pub value: i64,
}

impl PdhQuery {
    /// A query without counters.
    pub(crate) fn open() -> Result<Self, CallError> {
        let mut query = ptr::null_mut();
        // SAFETY: a null source is the present; the place for the query outlives the call.
        checked(unsafe { PdhOpenQueryW(ptr::null(), 0, &mut query) }, "PdhOpenQueryW")?;
        Ok(Self(query))
    }

    /// Adds a counter by its English path.
    pub(crate) fn add(&self, path: &str) -> Result<PdhCounter<'_>, CallError> {
        let path = wide(path);
        let mut counter = ptr::null_mut();
        // SAFETY: the query is open; the path is a text that ends with NUL, and both it and the place outlive the call.
        let code = unsafe { PdhAddEnglishCounterW(self.0, path.as_ptr(), 0, &mut counter) };
        checked(code, "PdhAddEnglishCounterW")?;
        Ok(PdhCounter(counter, PhantomData))
    }

    /// Collects a sample of every counter.
    pub(crate) fn collect(&self) -> Result<(), CallError> {
        // SAFETY: the query is open.
        checked(unsafe { PdhCollectQueryData(self.0) }, "PdhCollectQueryData")
    }
}

impl Drop for PdhQuery {
    fn drop(&mut self) {
        // SAFETY: the query was opened by this module and is closed once, here; no counter of it outlives it.
        unsafe { PdhCloseQuery(self.0) };
    }
}

impl PdhCounter<'_> {
    /// The raw value in the newest sample.
    pub(crate) fn raw(self) -> Result<RawValue, CallError> {
        let (mut kind, mut raw) = (0, PDH_RAW_COUNTER::default());
        // SAFETY: the counter is one of an open query, and both places outlive the call.
        let code = unsafe { PdhGetRawCounterValue(self.0, &mut kind, &mut raw) };
        checked(code, "PdhGetRawCounterValue")?;
        valid(raw.CStatus, "PdhGetRawCounterValue")?;
        Ok(RawValue { kind, value: raw.FirstValue })
    }

    /// The value that PDH computes.
    pub(crate) fn formatted(self) -> Result<f64, CallError> {
        let mut value = PDH_FMT_COUNTERVALUE::default();
        let format = PDH_FMT_DOUBLE | PDH_FMT_NOSCALE | PDH_FMT_NOCAP100;
        // SAFETY: the counter is one of an open query, the place outlives the call, and a null place for the kind is allowed.
        let code = unsafe { PdhGetFormattedCounterValue(self.0, format, ptr::null_mut(), &mut value) };
        // The status of the value says more than that of the call, which is PDH_INVALID_DATA for every bad one.
        valid(value.CStatus, "PdhGetFormattedCounterValue")?;
        checked(code, "PdhGetFormattedCounterValue")?;
        // SAFETY: a valid value in the format of a double is a double.
        Ok(unsafe { value.Anonymous.doubleValue })
    }
}

/// The paths that a wildcard stands for, at most some thousand characters of them.
pub(crate) fn expand(wildcard: &str) -> Result<Vec<String>, CallError> {
    let wildcard = wide(wildcard);
    let mut paths = vec![0; MAX_PATHS];
    let mut length = paths.len() as u32;
    // SAFETY: the wildcard ends with NUL, the list is as long as said, and both outlive the call.
    let code = unsafe { PdhExpandWildCardPathW(ptr::null(), wildcard.as_ptr(), paths.as_mut_ptr(), &mut length, 0) };
    // Of a list that is too long whatever PDH has written down is taken, which may be nothing.
    if code != PDH_MORE_DATA {
        checked(code, "PdhExpandWildCardPathW")?;
    }
    Ok(paths.split(|unit| *unit == 0).take_while(|path| !path.is_empty()).map(narrow).collect())
}

/// The status of a value, of which two are good ones.
fn valid(code: u32, call: &'static str) -> Result<(), CallError> {
    match code {
        PDH_CSTATUS_VALID_DATA | PDH_CSTATUS_NEW_DATA => Ok(()),
        code => Err(CallError::new(call, code)),
    }
}

/// Without the scale that the counter's provider proposes for a graph; not in the bindings.
const PDH_FMT_NOSCALE: u32 = 0x1000;

/// Beyond 100 where there are more than 100 per cent, as on several processors; not in the bindings.
const PDH_FMT_NOCAP100: u32 = 0x8000;

/// The most characters of expanded paths.
const MAX_PATHS: usize = 256 * 1024;
