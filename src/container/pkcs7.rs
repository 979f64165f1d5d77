//! Which certificates are in a PKCS#7? The SignedData of RFC 5652, which carries certificates when it signs nothing, too.

use x509_parser::asn1_rs::{Oid, Tag, oid};

use super::ber::{Element, Malformed};

/// Whether this is the outside of a PKCS#7, whatever is in it.
pub(super) fn is_one(element: &Element<'_>) -> bool {
    element.sequence().and_then(|mut fields| fields.field()).is_ok_and(|first| first.is(Tag::Oid))
}

/// Each certificate in the order of the file, which means nothing; after a malformed one nothing more can be found. An error
/// when it is no SignedData.
pub(super) fn certificates<'a>(
    pkcs7: &Element<'a>,
) -> Result<impl Iterator<Item = Result<&'a [u8], Malformed>> + use<'a>, Malformed> {
    let mut content_info = pkcs7.sequence()?;
    let content_type = content_info.field()?.oid()?;
    if content_type != SIGNED_DATA && content_type != SIGNED_AND_ENVELOPED_DATA {
        return Err(Malformed);
    }
    let mut fields = content_info.field()?.only()?.sequence()?;
    // version, digestAlgorithms and encapContentInfo stand before certificates [0]; of an older type recipientInfos as well.
    let certificates = fields.find(|field| field.map_or(true, |field| field.is_context(0))).transpose()?;
    let choices = certificates.into_iter().flat_map(|certificates| certificates.elements());
    // Those with a tag of their own are attribute certificates and the like.
    Ok(choices.filter(|choice| choice.map_or(true, |choice| choice.is(Tag::Sequence))).map(|choice| Ok(choice?.whole)))
}

const SIGNED_DATA: Oid<'_> = oid!(1.2.840.113549.1.7.2);
const SIGNED_AND_ENVELOPED_DATA: Oid<'_> = oid!(1.2.840.113549.1.7.4);

#[cfg(test)]
mod tests {
    use super::super::ber::tests::element;
    use super::*;

    #[test]
    fn certificates_are_in_what_is_signed_enveloped_or_not() {
        let is_read = |content_type: &Oid<'_>| {
            let content = element(0xa0, &element(0x30, &[]));
            let pkcs7 = element(0x30, &[element(6, content_type.as_bytes()), content].concat());
            certificates(&Element::first(&pkcs7).unwrap()).is_ok()
        };
        assert!(is_read(&SIGNED_DATA) && is_read(&SIGNED_AND_ENVELOPED_DATA));
        assert!(!is_read(&oid!(1.2.840.113549.1.7.1)) && !is_read(&oid!(1.2.840.113549.1.7.3)));
    }
}
