//! A list of its own, where cargo-mutants is not there: comparisons, `&&` and `||`, each as its opposite.

use std::{fs, path::Path};

use serde_json::{Value, json};
use syn::{BinOp, ExprBinary, ItemMod, spanned::Spanned, visit, visit::Visit};

use crate::{
    Failure,
    compile::{self, say},
    sites,
};

/// Prints the mutants of all sources below these directories of `tree`, as `cargo mutants --list --json` does.
pub fn draw(tree: &Path, directories: &[&str]) -> Result<(), Failure> {
    let mut mutants = Vec::new();
    for path in compile::sources(&tree.join("src"))? {
        if directories.iter().any(|directory| path.starts_with(&format!("{directory}/"))) {
            let file = syn::parse_file(&fs::read_to_string(tree.join(&path))?)?;
            Drawing { path: &path, mutants: &mut mutants }.visit_file(&file);
        }
    }
    say(&serde_json::to_string(&mutants)?);
    Ok(())
}

struct Drawing<'a> {
    path: &'a str,
    mutants: &'a mut Vec<Value>,
}

impl<'ast> Visit<'ast> for Drawing<'_> {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if let Some(replacement) = opposite(&binary.op) {
            let (line, column) = sites::key(binary.op.span().start());
            self.mutants.push(json!({
                "name": format!("{}:{line}:{column}: with {replacement}", self.path),
                "file": self.path,
                "genre": "BinaryOperator",
                "span": { "start": { "line": line, "column": column } },
                "replacement": replacement,
            }));
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

const fn opposite(operator: &BinOp) -> Option<&'static str> {
    Some(match operator {
        BinOp::Eq(_) => "!=",
        BinOp::Ne(_) => "==",
        BinOp::Lt(_) => ">=",
        BinOp::Le(_) => ">",
        BinOp::Gt(_) => "<=",
        BinOp::Ge(_) => "<",
        BinOp::And(_) => "||",
        BinOp::Or(_) => "&&",
        _ => return None,
    })
}
