//! Where in a file do its mutants stand, and what is to be written there?

use std::{collections::HashMap, ops::Range};

use proc_macro2::{LineColumn, Span};
use syn::{
    Arm, Attribute, Expr, ExprBinary, ExprConst, ExprRepeat, ExprStruct, ExprUnary, ImplItemConst, ImplItemFn, Item,
    ItemConst, ItemFn, ItemMod, ItemStatic, Local, Signature, TypeArray, Variant,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::{Failure, list::Mutant};

/// What is written at a place of a file, in bytes of it.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Before that byte, for this mutant.
    Insert(usize, u32, String),
    /// These mutants' expressions, or the one that is there.
    Either(Range<usize>, Vec<(u32, String)>),
}

/// A file's mutants.
#[derive(Debug, Default)]
pub struct Sites {
    /// What can be woven.
    pub edits: Vec<Edit>,
    /// What cannot, and why.
    pub left: Vec<(u32, &'static str)>,
    /// Modules that are compiled on other systems or with other features only.
    pub elsewhere: Vec<String>,
}

/// The places of a file's mutants.
pub fn find(source: &str, mutants: &[Mutant]) -> Result<Sites, Failure> {
    let file = syn::parse_file(source)?;
    let mut lines = vec![0];
    lines.extend(source.match_indices('\n').map(|(at, _)| at + 1));
    let mut at: HashMap<(usize, usize), Vec<&Mutant>> = HashMap::new();
    for mutant in mutants {
        at.entry(mutant.start).or_default().push(mutant);
    }
    let mut finder = Finder { source, lines, at, sites: Sites::default(), skipped: Vec::new() };
    finder.visit_file(&file);
    finder.function_values(mutants);
    Ok(finder.finish(mutants))
}

struct Finder<'a> {
    source: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    at: HashMap<(usize, usize), Vec<&'a Mutant>>,
    sites: Sites,
    /// Where nothing can be asked when it runs.
    skipped: Vec<(Range<usize>, &'static str)>,
}

impl<'a> Finder<'a> {
    fn byte(&self, (line, column): (usize, usize)) -> usize {
        let start = self.lines.get(line - 1).copied().unwrap_or(self.source.len());
        start + self.source[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.byte(key(span.start()))..self.byte(key(span.end()))
    }

    fn text(&self, span: Span) -> &'a str {
        &self.source[self.range(span)]
    }

    fn mutants(&self, span: Span, genre: &str) -> Vec<&'a Mutant> {
        let here = self.at.get(&key(span.start())).into_iter().flatten();
        here.copied().filter(|mutant| mutant.genre == genre).collect()
    }

    fn either(&mut self, span: Span, alternatives: Vec<(u32, String)>) {
        if !alternatives.is_empty() {
            self.sites.edits.push(Edit::Either(self.range(span), alternatives));
        }
    }

    fn skip(&mut self, span: Span, why: &'static str) {
        self.skipped.push((self.range(span), why));
    }

    fn skip_elsewhere(&mut self, attributes: &[Attribute], span: Span) {
        if attributes.iter().any(|attribute| is_elsewhere(self.text(attribute.span()))) {
            self.skip(span, ELSEWHERE);
        }
    }

    fn skip_const(&mut self, signature: &Signature, span: Span) {
        if signature.constness.is_some() {
            self.skip(span, CONSTANT);
        }
    }

    /// The functions that do nothing but return: asked before their first statement.
    fn function_values(&mut self, mutants: &[Mutant]) {
        for mutant in mutants.iter().filter(|mutant| mutant.genre == "FnValue") {
            if mutant.returns.contains("impl ") {
                self.sites.left.push((mutant.number, "a value of a type without a name"));
                continue;
            }
            let text = format!("if crate::mutant::is({}) {{ return {}; }} ", mutant.number, mutant.replacement);
            self.sites.edits.push(Edit::Insert(self.byte(mutant.start), mutant.number, text));
        }
    }

    /// Takes out what stands where nothing can be asked, and tells what was not found at all.
    fn finish(mut self, mutants: &[Mutant]) -> Sites {
        let mut edits = Vec::new();
        for edit in std::mem::take(&mut self.sites.edits) {
            let (start, numbers): (_, Vec<u32>) = match &edit {
                Edit::Insert(at, number, _) => (*at, vec![*number]),
                Edit::Either(range, all) => (range.start, all.iter().map(|(number, _)| *number).collect()),
            };
            match self.skipped.iter().find(|(range, _)| range.contains(&start)) {
                Some((_, why)) => self.sites.left.extend(numbers.into_iter().map(|n| (n, *why))),
                None => edits.push(edit),
            }
        }
        let is_known = |number: u32| {
            self.sites.left.iter().any(|(left, _)| *left == number)
                || edits.iter().any(|edit| match edit {
                    Edit::Insert(_, of, _) => *of == number,
                    Edit::Either(_, all) => all.iter().any(|(of, _)| *of == number),
                })
        };
        let lost: Vec<u32> = mutants.iter().map(|mutant| mutant.number).filter(|number| !is_known(*number)).collect();
        self.sites.left.extend(lost.into_iter().map(|number| (number, NOT_FOUND)));
        self.sites.edits = edits;
        self.sites
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let mutants = self.mutants(binary.op.span(), "BinaryOperator");
        if has_let(&binary.left) || has_let(&binary.right) {
            self.sites.left.extend(mutants.iter().map(|mutant| (mutant.number, UNVIABLE_LET)));
        } else {
            let (left, right) = (self.text(binary.left.span()), self.text(binary.right.span()));
            let alternative = |mutant: &Mutant| (mutant.number, format!("{left} {} {right}", mutant.replacement));
            let alternatives = mutants.into_iter().map(alternative).collect();
            self.either(binary.span(), alternatives);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        let operand = self.text(unary.expr.span());
        let mutants = self.mutants(unary.op.span(), "UnaryOperator");
        let alternatives = mutants.into_iter().map(|mutant| (mutant.number, operand.to_owned())).collect();
        self.either(unary.span(), alternatives);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, expression: &'ast ExprStruct) {
        let whole = self.range(expression.span());
        let mut alternatives = Vec::new();
        for pair in expression.fields.pairs() {
            let field = self.range(pair.value().span());
            let end = pair.punct().map_or(field.end, |comma| self.range(comma.span()).end);
            let without = || [&self.source[whole.start..field.start], &self.source[end..whole.end]].concat();
            let mutants = self.mutants(pair.value().span(), "StructField");
            alternatives.extend(mutants.into_iter().map(|mutant| (mutant.number, without())));
        }
        self.either(expression.span(), alternatives);
        visit::visit_expr_struct(self, expression);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        self.skip_elsewhere(&arm.attrs, arm.span());
        for mutant in self.mutants(arm.span(), "MatchArm") {
            let (number, not) = (mutant.number, format!("!crate::mutant::is({})", mutant.number));
            match &arm.guard {
                None => {
                    let at = self.range(arm.pat.span()).end;
                    self.sites.edits.push(Edit::Insert(at, number, format!(" if {not}")));
                }
                Some((_, guard)) if has_let(guard) => {
                    let at = self.range(guard.span()).start;
                    self.sites.edits.push(Edit::Insert(at, number, format!("{not} && ")));
                }
                Some((_, guard)) => {
                    let guard = self.range(guard.span());
                    self.sites.edits.push(Edit::Insert(guard.start, number, format!("{not} && (")));
                    self.sites.edits.push(Edit::Insert(guard.end, number, ")".to_owned()));
                }
            }
        }
        if let Some((_, guard)) = &arm.guard {
            let mutants = self.mutants(guard.span(), "MatchArmGuard");
            if has_let(guard) {
                self.sites.left.extend(mutants.iter().map(|mutant| (mutant.number, "a guard that binds")));
            } else {
                let value = |mutant: &Mutant| (mutant.number, mutant.replacement.clone());
                let alternatives = mutants.into_iter().map(value).collect();
                self.either(guard.span(), alternatives);
            }
        }
        visit::visit_arm(self, arm);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        self.skip_elsewhere(attributes, item.span());
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.content.is_none() && module.attrs.iter().any(|attribute| is_elsewhere(self.text(attribute.span()))) {
            self.sites.elsewhere.push(module.ident.to_string());
        }
        visit::visit_item_mod(self, module);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.skip_const(&function.sig, function.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.skip_elsewhere(&function.attrs, function.span());
        self.skip_const(&function.sig, function.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_local(&mut self, local: &'ast Local) {
        self.skip_elsewhere(&local.attrs, local.span());
        visit::visit_local(self, local);
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        self.skip_elsewhere(&block.attrs, block.span());
        visit::visit_expr_block(self, block);
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        self.skip(item.span(), CONSTANT);
    }

    fn visit_impl_item_const(&mut self, item: &'ast ImplItemConst) {
        self.skip(item.span(), CONSTANT);
        visit::visit_impl_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        self.skip(item.span(), CONSTANT);
    }

    fn visit_expr_const(&mut self, block: &'ast ExprConst) {
        self.skip(block.span(), CONSTANT);
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast ExprRepeat) {
        self.skip(repeat.len.span(), CONSTANT);
        visit::visit_expr_repeat(self, repeat);
    }

    fn visit_type_array(&mut self, array: &'ast TypeArray) {
        self.skip(array.span(), CONSTANT);
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.skip(variant.span(), CONSTANT);
    }
}

/// A place as cargo-mutants counts.
pub fn key(at: LineColumn) -> (usize, usize) {
    (at.line, at.column + 1)
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// `#[cfg(windows)]` and its like: what this build does not have.
fn is_elsewhere(attribute: &str) -> bool {
    let text: String = attribute.split_whitespace().collect();
    let text = text.replace("not(windows)", "");
    let names = text.contains("windows") || text.contains("feature=");
    text.starts_with("#[cfg(") && !text.starts_with("#[cfg(not(") && !text.contains("test") && names
}

/// Why a mutant is no matter of this build.
pub const ELSEWHERE: &str = "compiled elsewhere only";
/// Why a mutant cannot live.
const UNVIABLE_LET: &str = "unviable: a chain that binds has no other operator";
const CONSTANT: &str = "a constant";
const NOT_FOUND: &str = "not found";
