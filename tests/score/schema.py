"""The schema of MusicXML 4.0, which the package `musicxml` brings; it is read, not imported."""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

_LINKS = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="http://www.w3.org/1999/xlink">
  <xs:attribute name="href" type="xs:anyURI"/>
  <xs:attribute name="type" fixed="simple"/>
  <xs:attribute name="role" type="xs:token"/>
  <xs:attribute name="title" type="xs:token"/>
  <xs:attribute name="show" type="xs:token"/>
  <xs:attribute name="actuate" type="xs:token"/>
</xs:schema>"""
_XML = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="http://www.w3.org/XML/1998/namespace">
  <xs:attribute name="lang" type="xs:language"/>
  <xs:attribute name="space" type="xs:NCName"/>
</xs:schema>"""


class _Local(etree.Resolver):  # type: ignore[misc]
    """The two schemas that the schema imports by address: what it uses of them."""

    def resolve(self, url: str, public: str | None, context: Any) -> Any:
        if url.endswith(("xlink.xsd", "xml.xsd")):
            return self.resolve_string(_LINKS if url.endswith("xlink.xsd") else _XML, context)
        return None


@cache
def load() -> Any:
    """The schema. Fails where the package is missing: it belongs to the extra `dev`."""
    found = find_spec("musicxml")
    assert found and found.submodule_search_locations, "needs the package musicxml"
    path = Path(found.submodule_search_locations[0], "generate_classes", "musicxml_4_0.xsd")
    parser = etree.XMLParser()
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.parse(path, parser))


def check(text: str) -> None:
    """Assert that a document is valid MusicXML 4.0."""
    schema = load()
    document = etree.parse(io.BytesIO(text.encode()), etree.XMLParser(load_dtd=False))
    assert schema.validate(document), schema.error_log
