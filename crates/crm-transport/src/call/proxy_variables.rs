//! The variables of the environment that name a proxy.

use std::ffi::OsString;

use http::Uri;

use crate::error::Error;

/// The variables, each with its spelling in small letters. The first one that is set counts.
const VARIABLES: [[&str; 2]; 3] =
    [["HTTPS_PROXY", "https_proxy"], ["HTTP_PROXY", "http_proxy"], ["ALL_PROXY", "all_proxy"]];

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Checks that each variable that is set names a proxy. reqwest would ignore the others and connect directly.
///
/// An error does not repeat the value, because it may contain a password.
pub(super) fn check(variable: impl Fn(&str) -> Option<OsString>) -> Result<(), Error> {
    if variable("REQUEST_METHOD").is_some() {
        return Ok(()); // in a CGI program anybody could set HTTP_PROXY with a header, so reqwest uses none
    }
    for names in VARIABLES {
        let set = names.into_iter().find_map(|name| Some((name, variable(name)?)));
        if let Some((name, _)) = set.filter(|(_, value)| !value.is_empty() && !is_proxy(value)) {
            let fault = "in the environment is not the address of a proxy: write it as http://host:port, unset it, or \
                         call no_proxy()";
            return Err(Error::invalid_setting(name, fault));
        }
    }
    Ok(())
}

fn is_proxy(value: &OsString) -> bool {
    let uri = value.to_str().and_then(|value| value.parse::<Uri>().ok());
    uri.is_some_and(|uri| {
        let has_host = uri.authority().is_some_and(|authority| {
            let has_port = authority.as_str().ends_with(authority.host());
            !authority.host().is_empty() && (has_port || authority.port_u16().is_some())
        });
        has_host && uri.scheme_str().is_none_or(|scheme| SCHEMES.contains(&scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(set: &[(&str, &str)]) -> Result<(), Error> {
        check(|name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn a_malformed_proxy_variable_is_an_error_that_names_it_without_its_value() {
        for value in [
            "http//proxy:3128",
            "http://",
            "http://user:hunter2@proxy:port",
            "gopher://proxy",
            "a b",
            "http://:80",
        ] {
            for name in VARIABLES.concat() {
                let error = checked(&[(name, value)]).expect_err(value);
                assert_eq!((error.id(), error.field()), ("invalid-setting", Some(name)), "{value}");
                assert!(!error.to_string().contains("hunter2"), "{error}");
            }
        }
    }

    #[test]
    fn a_proxy_an_empty_value_and_none_are_accepted() {
        for value in
            ["", "proxy", "proxy:3128", "http://proxy:3128", "http://u:p@[::1]:3128/", "socks5h://proxy:1080"]
        {
            checked(&[("HTTPS_PROXY", value)]).expect(value);
        }
        checked(&[("HTTPS_PROXY", "http://proxy"), ("https_proxy", "a b")]).unwrap();
        checked(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "a b")]).unwrap();
        checked(&[]).unwrap();
    }
}
