#!/usr/bin/python3
"""Checks a report against the result it was made from; prints what is wrong and exits 1, or prints nothing.

usage: check_report.py RESULT.h5 REPORT.html
"""
import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import h5py
import numpy as np

VOID = {"meta", "wbr", "br", "hr", "img", "link", "input"}
SECTIONS = ["findings", "curves", "conductances", "margins", "numbers", "reading", "provenance"]
found = []


class Page(HTMLParser):
    """Balance of tags, ids, visible text, and the cells of each table."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.text, self.tables, self.cell = [], [], [], [], None

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attributes if name == "id"]
        if tag in ("script", "link", "img", "iframe", "object") or any(name in ("src", "href") for name, _ in attributes):
            found.append(f"<{tag}> with {attributes}")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = ""

    def handle_startendtag(self, tag, attributes):
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            found.append(f"</{tag}> closes nothing")
        if tag in ("td", "th") and self.cell is not None:
            self.tables[-1][-1].append(self.cell)
            self.cell = None

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)
        if self.cell is not None:
            self.cell += data if not self.open or self.open[-1] != "small" else " " + data


def check_pictures(page):
    pictures = re.findall(r"<svg .*?</svg>", page, re.S)
    for picture in pictures:
        try:
            root = ElementTree.fromstring(picture)
        except ElementTree.ParseError as error:
            found.append(f"a picture is no XML: {error}")
            continue
        if not (root.findtext("title") and root.findtext("desc")):
            found.append("a picture has no title or description")
        if re.search(r'="[^"]*\b(nan|inf)', picture):
            found.append("a picture has coordinates that are no numbers")
        width, height = (float(size) for size in root.get("viewBox").split()[2:])
        for element in root.iter():
            for name, most in (("x", width), ("y", height), ("x1", width), ("y1", height), ("cx", width), ("cy", height)):
                if element.get(name) and not -1 <= float(element.get(name)) <= most + 1:
                    found.append(f"{element.tag} lies outside its picture: {name}={element.get(name)}")
    return [ElementTree.fromstring(picture).get("id") for picture in pictures]


def check_numbers(page, file):
    """The table of all points holds the file's means, to the digits it prints."""
    n_knobs = file["false_prune_rate"].ndim - 1
    means = file["false_prune_rate_mean"][...].reshape(-1)
    table = next((table for table in page.tables if table[0][-1] == "status"), None)
    if table is None or len(table) != len(means) + 1:
        found.append("the table of all points has another number of rows than the file has points")
        return
    column = table[0].index("false-prune rate")
    for mean, row in zip(means, table[1:]):
        text = row[column].split()[0]
        if np.isnan(mean):
            if text != "\u2013":
                found.append(f"'{text}' printed for a value that does not exist")
        elif abs(float(text) - mean) > 0.051 * abs(mean) + 1e-12:
            found.append(f"'{text}' printed for {mean}")
    if n_knobs and len({tuple(row[:n_knobs]) for row in table[1:]}) != len(means):
        found.append("two points have the same name")


def cost_pictures(file):
    """Energies, and a picture per system that pruning changes; the constants are listed with their kinds."""
    ratios = file["energy_ratio"][...].reshape(-1, len(file["system"]))
    names = file["system"].asstr()[...]
    return ["figure-energy"] + [f"figure-costs-{i}" for i, name in enumerate(names)
                                if name != "baseline" and len(ratios) > 1 and (ratios[:, i] != 1).any()]


def main():
    text = open(sys.argv[2], encoding="utf-8").read()
    page = Page()
    page.feed(text)
    page.close()
    if page.open:
        found.append(f"left open: {page.open}")
    if len(set(page.ids)) != len(page.ids):
        found.append("an id stands twice")
    if re.search(r"https?://", text):
        found.append("a reference to the outside")
    if re.search(r"(?<![\w-])-?(nan|inf)(?![\w-])", " ".join(page.text), re.I):
        found.append("nan or inf in the text")
    found.extend(f"section {name} is missing" for name in SECTIONS if name not in page.ids)
    ids = check_pictures(text)
    with h5py.File(sys.argv[1]) as file:
        expected = ["figure-1"]
        expected += cost_pictures(file) if "cycles" in file else []
        expected += ["figure-2"] if "samples/read_conductance" in file else []
        expected += ["figure-3"] if "samples/analog_score" in file else []
        if ids != expected:
            found.append(f"pictures {ids} found, {expected} expected")
        for option, present in (("--save arrays", "figure-2" in expected), ("--save margins", "figure-3" in expected)):
            if (option in text) == present:
                found.append(f"'{option}' is {'named' if present else 'not named'}")
        check_numbers(page, file)
        if "task_kl" in file and "task" not in page.ids:
            found.append("section task is missing")
        said = len(re.findall("hardly depends on attention", text))
        if "task_caution" in file and said != 2 * bool((file["task_caution"][...] & 2).any()):
            found.append(f"a caution is said {said} times")
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
