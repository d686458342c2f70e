"""Texts in a picture."""

import xml.etree.ElementTree as ET


def drawn_texts(path):
    """Texts of an .svg file, in order; matplotlib writes every text as a comment beside its outlines."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))  # noqa: S314 - our own file
    root = ET.parse(path, parser).getroot()  # noqa: S314
    return [node.text.strip() for node in root.iter() if node.tag is ET.Comment]
