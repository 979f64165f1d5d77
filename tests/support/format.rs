//! Is the output what its format promises? JSON against the shipped schema, XML against its own rules.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

/// The schema that the project ships.
pub const SCHEMA: &str = include_str!("../../src/render/report.schema.json");

static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(SCHEMA).expect("the schema is no JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is no draft 2020-12 schema");
    jsonschema::draft202012::new(&schema).expect("the schema does not compile")
});

/// The one object of `output`; panics when the shipped schema does not allow it.
#[track_caller]
pub fn assert_json(output: &str) -> Value {
    assert_eq!(output.lines().count(), 1, "not one line: {output:?}");
    let value = serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let problems: Vec<_> =
        VALIDATOR.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:#?} in {output}");
    value
}

/// The properties of the one property bag item in `output`, by name; panics when it is none.
#[track_caller]
pub fn assert_scom(output: &str) -> BTreeMap<String, String> {
    properties(output).unwrap_or_else(|problem| panic!("{problem} in {output:?}"))
}

fn properties(output: &str) -> Result<BTreeMap<String, String>, String> {
    if output.chars().any(|c| c.is_control() && c != '\n') {
        return Err("a character that XML 1.0 forbids".to_owned());
    }
    let mut reader = Reader::from_str(output);
    reader.config_mut().check_end_names = true;
    let mut properties = BTreeMap::new();
    let mut open = Vec::new();
    let mut current: Option<(String, String, String)> = None;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                let attributes = attributes(&start)?;
                match (open.len(), name.as_str()) {
                    (0, "DataItem") if attributes.get("type").is_some_and(|kind| kind == "System.PropertyBagData") => {}
                    (1, "Property") => {
                        let get = |name: &str| attributes.get(name).cloned().ok_or(format!("no {name}"));
                        current = Some((get("Name")?, get("VariantType")?, String::new()));
                    }
                    _ => return Err(format!("<{name}> at depth {}", open.len())),
                }
                open.push(name);
            }
            Event::Text(text) => match &mut current {
                Some((_, _, value)) => value.push_str(text.as_ref()),
                None if text.as_ref().trim().is_empty() => {}
                None => return Err(format!("text {:?} outside of a property", text.as_ref())),
            },
            Event::GeneralRef(reference) => {
                let name = reference.as_ref();
                let text = quick_xml::escape::resolve_xml_entity(name).ok_or(format!("entity {name}"))?;
                current.as_mut().ok_or("an entity outside of a property")?.2.push_str(text);
            }
            Event::End(_) => {
                open.pop();
                if let Some((name, kind, value)) = current.take() {
                    check_type(&kind, &value)?;
                    // Two that differ in capitals only are one to whoever is not careful.
                    if properties.keys().any(|known: &String| known.eq_ignore_ascii_case(&name)) {
                        return Err(format!("property {name} in two spellings"));
                    }
                    if properties.insert(name.clone(), value).is_some() {
                        return Err(format!("property {name} twice"));
                    }
                }
            }
            Event::Eof if open.is_empty() && !properties.is_empty() => return Ok(properties),
            other => return Err(format!("{other:?}")),
        }
    }
}

fn attributes(start: &quick_xml::events::BytesStart<'_>) -> Result<BTreeMap<String, String>, String> {
    start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            Ok((attribute.key.as_ref().to_owned(), value.into_owned()))
        })
        .collect()
}

/// `VariantType` 8 is any text, 3 an integer, 5 a double, 11 a boolean.
fn check_type(kind: &str, value: &str) -> Result<(), String> {
    let fits = match kind {
        "8" => true,
        "3" => value.parse::<i64>().is_ok(),
        "5" => value.parse::<f64>().is_ok_and(f64::is_finite) && !value.contains(['e', 'E']),
        "11" => matches!(value, "true" | "false"),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("{value:?} is not of VariantType {kind}")) }
}
