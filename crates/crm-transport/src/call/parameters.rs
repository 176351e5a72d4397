//! The parameters of a call that go into its body.

use std::fmt;

use bytes::Bytes;
use http::Request;
use serde_core::Serialize;

use crate::error::Error;
use crate::operation_info::OperationInfo;

/// The parameters of a call: the JSON object of its body, in the order in which they are added.
#[derive(Default)]
pub struct Parameters {
    /// The object without its last brace; nothing as long as it is empty.
    json: Vec<u8>,
    fault: Option<serde_json::Error>,
}

impl Parameters {
    /// Creates an empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let written = self.begin(name).and_then(|()| serde_json::to_writer(&mut self.json, &value));
        self.fault = self.fault.or(written.err());
        self
    }

    /// Adds a parameter, if it has a value.
    #[must_use]
    pub fn with_option(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds an object, if it is not empty.
    #[must_use]
    pub fn with_object(mut self, name: &str, object: Self) -> Self {
        self.fault = self.fault.or(object.fault);
        if !object.json.is_empty() {
            self.fault = self.fault.take().or(self.begin(name).err());
            self.json.extend(object.json);
            self.json.push(b'}');
        }
        self
    }

    /// Returns the request of this operation with these parameters as its body.
    ///
    /// # Errors
    /// A value cannot be written as JSON, or the path of the operation is not valid.
    pub fn request(mut self, info: &OperationInfo) -> Result<Request<Bytes>, Error> {
        if let Some(fault) = self.fault {
            return Err(Error::invalid_request(info.id, "body", fault.to_string()));
        }
        self.json.extend(if self.json.is_empty() { b"{}".as_slice() } else { b"}" });
        info.request(&[], self.json.into())
    }

    fn begin(&mut self, name: &str) -> Result<(), serde_json::Error> {
        if self.json.is_empty() {
            self.json.reserve(128); // enough for most calls
        }
        self.json.push(if self.json.is_empty() { b'{' } else { b',' });
        serde_json::to_writer(&mut self.json, name)?;
        self.json.push(b':');
        Ok(())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the values: they may be personal data.
        f.debug_struct("Parameters").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::operation_info::TEST_CALL as INFO;

    fn body(parameters: Parameters) -> String {
        String::from_utf8(parameters.request(&INFO).unwrap().into_body().to_vec()).unwrap()
    }

    #[test]
    fn parameters_keep_their_order_and_absent_ones_are_left_out() {
        let inner = Parameters::new().with_option("none", None::<u64>).with("ids", [1, 2]);
        let parameters = Parameters::new()
            .with("word", "a \"word\"")
            .with_option("page", None::<u64>)
            .with_object("empty", Parameters::new())
            .with_object("inner", inner)
            .with_option("count", Some(7));
        assert_eq!(body(parameters), r#"{"word":"a \"word\"","inner":{"ids":[1,2]},"count":7}"#);
        assert_eq!(body(Parameters::new()), "{}");
    }

    #[test]
    fn a_value_that_is_no_json_is_an_error() {
        let keys = BTreeMap::from([((1, 2), 3)]); // a key must be a text
        let fault =
            |parameters: Parameters| parameters.request(&INFO).unwrap_err().field().map(str::to_owned);
        assert_eq!(fault(Parameters::new().with("a", &keys)).as_deref(), Some("body"));
        let outer = Parameters::new().with_object("inner", Parameters::new().with("a", &keys));
        assert_eq!(fault(outer.with("b", 1)).as_deref(), Some("body"));
    }
}
