//! SQL as text: its tokens, scripts of statements, quoting, and rendered expressions.
//!
//! Nothing here needs a connection. What the text describes is `schema`'s matter.

mod expr;
pub mod quote;
mod script;
mod token;

pub use expr::render_check;
pub use script::{Script, Statement};
pub use token::{Token, TokenError, TokenKind, Tokens, tokens};
