//! XML as a small tree: what goes in comes out escaped.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

/// An element with its attributes and what stands in it.
#[derive(Clone, Debug)]
pub struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, Cow<'static, str>)>,
    inside: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), inside: Vec::new() }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With attributes of fixed values.
    #[must_use]
    pub fn all(mut self, attributes: &[(&'static str, &'static str)]) -> Self {
        self.attributes.extend(attributes.iter().map(|&(name, value)| (name, Cow::Borrowed(value))));
        self
    }

    /// With an element in it.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.inside.push(Node::Element(child));
        self
    }

    /// With elements in it.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.inside.extend(children.into_iter().map(Node::Element));
        self
    }

    /// With text in it.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.inside.push(Node::Text(text.into()));
        self
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", escaped(value))?;
        }
        if self.inside.is_empty() {
            return f.write_str("/>");
        }
        f.write_str(">")?;
        let mut lines = false;
        for node in &self.inside {
            match node {
                // Line ends only where no text stands beside, so that none becomes part of one.
                Node::Element(e) => {
                    write!(f, "\n{e}")?;
                    lines = true;
                }
                Node::Text(t) => f.write_str(&escaped(t))?,
            }
        }
        write!(f, "{}</{}>", if lines { "\n" } else { "" }, self.name)
    }
}

/// A text within XML; characters that XML 1.0 can't hold are left out.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_escaped() {
        let e = Element::new("a").with("b", "\"<\u{1}\n").child(Element::new("c").text("x & <y>"));
        assert_eq!(e.to_string(), "<a b=\"&quot;&lt;&#10;\">\n<c>x &amp; &lt;y&gt;</c>\n</a>");
    }
}
