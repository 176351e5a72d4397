//! Words that are kept because no person wrote them: HTML, and the pages of PHP and of gateways.

pub(super) const HTML_TAGS: [&str; 20] = [
    "a", "b", "br", "div", "em", "font", "h1", "h2", "h3", "hr", "i", "li", "ol", "p", "span", "strong",
    "table", "td", "tr", "ul",
];

pub(super) const ENTITIES: [&str; 11] =
    ["quot", "amp", "lt", "gt", "nbsp", "laquo", "raquo", "mdash", "ndash", "apos", "039"];

/// Words of PHP errors and gateway pages, kept outside of JSON.
#[rustfmt::skip]
pub(super) const PHP_AND_GATEWAY_WORDS: [&str; 74] = [
    "a", "b", "bad", "body", "br", "catchable", "center", "charset", "class", "column", "content",
    "deprecated", "div", "doctype", "error", "exception", "fatal", "forbidden", "found", "function",
    "gateway", "h1", "h2", "h3", "head", "hr", "html", "http", "in", "internal", "line", "link", "main",
    "memory", "meta", "method", "moved", "mysqli", "nginx", "not", "notice", "of", "on", "out", "p",
    "parse", "permanently", "php", "pre", "recoverable", "request", "secret", "server", "service", "span",
    "sql", "stack", "standards", "strict", "style", "table", "td", "temporarily", "the", "thrown", "time",
    "title", "tr", "trace", "unavailable", "uncaught", "undefined", "utf", "warning",
];
