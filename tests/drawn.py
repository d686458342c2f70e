"""What a picture shows."""

import xml.etree.ElementTree as ET


def drawn_texts(path):
    """What is written in an .svg file, in order: matplotlib puts every text beside its outlines as a comment."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))  # noqa: S314 - our own file
    root = ET.parse(path, parser).getroot()  # noqa: S314
    return [node.text.strip() for node in root.iter() if node.tag is ET.Comment]
